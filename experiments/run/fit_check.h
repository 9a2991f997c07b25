#pragma once
#include "experiments/report/reporter.h"
#include "experiments/run/assemble.h"

namespace lehr::run {

// What shows only with data and model side by side, before anything trains. All Errors are Exit::mismatch.

// The target of binary_crossentropy: two classes, or several columns of 0 and 1.
void check_binary(const DataParts& data);
// Model and data name the same inputs; a dataset of one field feeds a model of one input whatever their names (Feed).
void check_inputs(const spec::Experiment& experiment, const TrainGraph& model, const Dataset& data);
// Every table of the model that whole numbers of the data are looked up in (an embedding) has a row for each of them, whatever the network makes of them
// in between: its index is computed for all rows.
void check_lookups(const TrainGraph& model, const DataParts& data);
// What a training on these rows cannot learn: classes they lack; and rows that do not count.
// uncounted: the class that loss.ignore_index names, whose rows are ignored already.
std::vector<std::string> class_notes(const Dataset& data, std::span<const std::int32_t> train, std::optional<std::int64_t> uncounted);
// What stands for the missing names of a column.
std::vector<std::string> fill_notes(const DataParts& data);
// "always answering the mean 22.5 has rmse 9.19": the mean of the training rows, measured on these, in the target's own unit. Of several columns the root
// of the mean square over all.
std::string mean_baseline(const DataParts& data, std::span<const std::int32_t> rows);
// What always answering the mean or the most frequent class of the training rows scores on the others; nothing: rows have weights, or several targets.
std::optional<report::Baseline> baseline(const DataParts& data, TargetKind target);

}  // namespace lehr::run
