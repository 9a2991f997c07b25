#pragma once
#include "experiments/run/assemble.h"

namespace lehr::run {

// The data of an experiment whose data are arrays. Made from the key alone.
std::shared_ptr<const DataParts> make_arrays(const DataKey& key);

// The rows of arrays against the shapes of the model's inputs, where their numbers of values agree: a dimension of 1 may come or go, a row be laid out flat
// or a flat one be folded, which notes say. Error (Exit::mismatch): another order of dimensions, or dimensions joined in part.
std::vector<std::string> check_array_shapes(const TrainGraph& model, const Dataset& data);

// The rows of an experiment as a saved preprocessing takes them, of a table or of arrays. Error (Exit::mismatch) where one is for the other.
Dataset prepared_by(const Preprocess& preprocess, const DataParts& data);

// What `lehr predict` is given: one array, or a file of several with the names of the model's inputs.
Dataset arrays_to_predict(const Preprocess& preprocess, const std::filesystem::path& named);

}  // namespace lehr::run
