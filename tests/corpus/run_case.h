#pragma once
#include <string>

#include "tests/corpus/case.h"

namespace lehr::corpus {

enum class Verdict { pass, refused, wrong };
struct Outcome {
  Verdict verdict = Verdict::pass;
  std::string reason;  // the first difference, or the Error
};
// Reads, prepares, compiles and runs one case and compares all its figures. Where the corpus expects an error, an Error is a pass.
Outcome run_case(const Case& c);

}  // namespace lehr::corpus
