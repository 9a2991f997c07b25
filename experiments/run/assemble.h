#pragma once
#include <memory>

#include "engine/data/csv.h"
#include "engine/data/preprocess.h"
#include "engine/train/init.h"
#include "engine/train/trainer.h"
#include "experiments/run/keys.h"
#include "experiments/run/weigh.h"
#include "experiments/spec/experiment.h"
#include "graph/onnx/front.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"

namespace lehr::run {

// The data of an experiment, read, split, fitted and applied.
struct DataParts {
  CsvTable table;
  Dataset data;
  Split split;
  Preprocess preprocess;
  std::string fingerprint;
  std::vector<std::string> notes;
  std::int64_t ignored = 0;  // rows of DataKey::ignored
};
// The model of an experiment, its losses attached.
struct ModelParts {
  onnx::Model model;
  TrainGraph train;
  PrepareOptions options;  // how the model was prepared
  Head head;
  std::vector<std::string> fresh;        // tensors without values of a file: each trial draws them by glorot_uniform unless `init` says otherwise
  std::vector<std::string> taken;        // parameters that model.weights gave
  std::map<std::string, Tensor> frozen;  // values by model.weights that no training changes
  bool classes = false;  // the loss is one over classes
  std::vector<ParameterRow> parameters;
  std::string batch_kept;  // why a batch the file stores stays; empty where it does not
  std::optional<OwnLabels> labels;
  std::vector<std::string> notes;
  std::string fingerprint;
  std::vector<std::string> integer_inputs;  // that take whole numbers, "" for the only one (TableSpec)
  ModelKey key;                             // what it was made from
};
// Everything a trial needs that does not depend on its seed or hyperparameters. Shared by trials whose sections agree.
struct Parts {
  std::shared_ptr<const DataParts> data;
  std::shared_ptr<const ModelParts> model;
  std::shared_ptr<const onnx::Original> frame;  // what the trained model is written into (exported.h)
  std::vector<onnx::RawFeed> raw;               // what it takes, where it prepares its inputs itself
  Counts counts;                                // of the data, under the loss
  std::vector<std::string> notes;               // of model and data together
  PlanSizes sizes;
  PlanKey key() const { return {model->key, sizes}; }  // of what is compiled; splits of one table share it
};

// What the experiment's batches do to norms on their statistics that a reader would not expect, one sentence each.
std::vector<std::string> batch_norm_notes(const spec::Experiment& experiment, const Parts& parts);

// The same of what model.weights and `init` both give, and of what model.head leaves moving.
std::vector<std::string> start_notes(const spec::Experiment& experiment, const Parts& parts);

// Experiment -> the parts; the one place that knows all of them. Keeps what it made: trials that share a file or a section share the part.
// Errors: Exit::usage for a bad file, Exit::mismatch where data and model do not fit.
class Assembler {
 public:
  // keep_cells: the cells of tables stay beside the rows made of them (raw exports, importance, descriptions); else a table keeps names and lines only.
  explicit Assembler(bool keep_cells = true) : keep_cells_(keep_cells) {}
  std::shared_ptr<const Parts> parts(const spec::Experiment& experiment);
  std::shared_ptr<const DataParts> data(const spec::Experiment& experiment, const Wants& wants = {});
  // weighted: its loss takes a weight a row. class_weights: of the loss itself, in place of the experiment's where there are any.
  std::shared_ptr<const ModelParts> model(const spec::Experiment& experiment, bool weighted = false, const std::vector<float>& class_weights = {});

 private:
  bool keep_cells_;
  Shared<PartsKey, Parts> parts_;
  Shared<DataKey, DataParts> data_;
  Shared<ModelKey, ModelParts> model_;
  Shared<WeighKey, Weighing> weighings_;
};

// "ionosphere.csv  351 rows -> train 235 (118 g / 117 b), validation 116 (107 g / 9 b)   always answering g scores 92.24 %"
std::string balance_text(const DataParts& data, const std::vector<std::int32_t>& rows);  // "235 (118 g / 117 b)", "1,437 (10 classes of 139 to 146 rows)"
// "ionosphere.csv"; of two files "train.csv (120 rows) + test.csv (30 rows)".
std::string files_text(const DataParts& data);
std::string data_line(const spec::Experiment& experiment, const DataParts& data);

}  // namespace lehr::run
