#pragma once
#include <optional>

#include "base/archive.h"
#include "engine/train/records.h"

namespace lehr {

// A training ends where a measured quantity has not improved for so many looks at it. It is looked at after each epoch that measures it. What differs by form:
//                               keras                                   lightning
//   a value that is undefined   is no improvement                       ends the training at once
//   epochs before the start     are not looked at: no best, no waiting  are looked at; the training does not end before the start
// In both an improvement is by more than min_delta, the first value is one, and a patience of 0 ends as one of 1 does. The one differs from Keras in that an
// undefined first value is no best, the other from Lightning in that a verdict before the start does not stick: the next look may take it back.
struct EarlyStop {
  enum class Form { keras, lightning };
  enum class Restore { best, none };  // the weights a training ends with: those of its best look, also where it ran all its epochs, or the last
  std::string on = "val_loss";        // of measured_names
  bool higher = false;                // more of it is better
  std::int64_t patience = 0;          // looks without improvement
  double min_delta = 0;
  std::int64_t start = 0;             // epochs
  Restore restore = Restore::best;
  Form form = Form::keras;
};

// Where the waiting stands.
struct Patience {
  enum class Answer { waits, improved, over };
  double best = 0;
  std::int64_t epoch = 0, waited = 0;  // of the best, 0: none; looks since then
  Answer look(const EarlyStop& rule, std::int64_t epoch, double value);
  void fields(Archive& a) { a(best), a.counted(epoch, waited); }
};

// A quantity of measured_names in an epoch; absent where the epoch did not measure it.
std::optional<double> observed(const EpochRecord& record, const std::vector<std::string>& metrics, const std::string& quantity);

}  // namespace lehr
