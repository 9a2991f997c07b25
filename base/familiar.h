#pragma once
#include <span>
#include <string>
#include <string_view>

namespace lehr {

// What a name is looked up as.
enum class Named { key, loss, metric, optimizer, initializer, scaler, filler, split, activation, average, schedule, other };

// The known name that is probably meant by one that is not known: written otherwise (CamelCase, a library in front, another sign between words), what
// Keras, PyTorch, scikit-learn, pandas or optax call it (one table, familiar.cpp), a name whose last part it is (StepLR: torch.StepLR), or the nearest
// of all these; "" if none. Of a key the answer is a path from the top of the file and need not be among `known`.
std::string meant(Named as, std::string_view name, std::span<const std::string> known);
// Why a key that other programs have has no counterpart here, as a sentence's end: "training runs on the CPU; …". "": it is not known.
std::string no_counterpart(std::string_view key);
// ", did you mean 'x'? Known: x, y" or "; known: x, y"; hint: what did_you_mean gave.
std::string with_known(const std::string& hint, std::span<const std::string> known);
// ", did you mean 'x'?" or "".
std::string did_you_mean(Named as, std::string_view name, std::span<const std::string> known);

}  // namespace lehr
