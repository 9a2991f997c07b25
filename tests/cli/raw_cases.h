#pragma once
// Experiments whose models take raw columns: without a network through `lehr predict`, with one through ONNX Runtime.
#include <string>
#include <vector>

#include "tests/cli/program.h"

namespace lehr::test {

struct RawCase {
  std::string name, model;
  std::string yaml;        // the experiment, with `inputs: scaled` and one seed
  std::string takes;       // what the note says of the raw file
  std::string unknown;     // a row of the table with a name that no training row has; "": there are no names
};
std::vector<RawCase> raw_cases(const Workplace& place);
std::string as_raw(const std::string& yaml);  // the same with `inputs: raw`
std::string swapped(std::string text, const std::string& from, const std::string& to);

}  // namespace lehr::test
