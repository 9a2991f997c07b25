#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "experiments/run/assemble.h"

namespace lehr::run {

// Is b what was measured as a: |a - b| <= 1e-5 max(|a|, 1e-3)?
bool agree(double a, double b);

// What the trainer's own evaluation makes of the weights of a model to be written.
struct Measure {
  double loss = 0;                     // of the weights as the file stores them
  std::span<const std::int32_t> rows;  // which it was measured on: of Parts::data
  std::int64_t batch = 0;
  bool validation = true;
  std::string behind = {};             // bytes that stand behind the model in its file: threshold_entry()
  std::string note;                    // where storing rounds: what it does to the loss that was reported
};

// What is written is what was measured: a model on disk is read, compiled and evaluated, and its loss compared. One per worker and
// Parts::key; a file that differs from the one before in values of weights only takes that one's plans.
class Verifier {
 public:
  Verifier();
  ~Verifier();
  // Of the weights the bench holds; `reported`: the loss on all validation rows, where these weights were evaluated. The rows are the
  // validation rows, else training rows: at most 10,000, and a fiftieth of the rows the trial trained on where those are more than 512.
  Measure measure(const Parts& parts, Workbench& bench, std::int64_t trained_rows, std::optional<double> reported);
  // Error unless the model in `file` gives that loss a: |a - b| <= 1e-5 max(|a|, 1e-3).
  void check(const std::filesystem::path& file, const Parts& parts, Workbench& bench, const Measure& measure);

 private:
  struct Reader;
  std::map<std::int64_t, Plan> reference_;  // of the training graph by rows, where the bench has none for them
  std::unique_ptr<Reader> reader_;
};

}  // namespace lehr::run
