#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/passes/loss.h"
#include "graph/passes/roles.h"

// One folder of the model corpus: model.onnx and case.json, whose keys tests/corpus/data/README.md explains.
namespace lehr::corpus {

using Tensors = std::map<std::string, Tensor>;

struct IoSet {
  Tensors inputs, outputs;  // strings and maps are left out
};

// Of one training mode: "train" or "frozen_stats".
struct ModeData {
  double loss = 0;
  Tensors gradients;
  double tolerance = 1e-5;  // of the largest absolute gradient entry of the case
  Tensors running;          // running statistics after one step, population variance
};

struct Rebatched {
  IoSet io;
  std::vector<Tensor> targets;
  std::optional<double> loss;
  Tensors gradients;
  double tolerance = 1e-5;
};

struct Case {
  std::string name, group;
  std::filesystem::path model;
  std::string expect;         // "", "error", "error_or_load"
  std::string not_available;  // why there is no training data
  std::vector<IoSet> io;
  double output_tolerance = 1e-5;  // of the largest absolute value of an output
  std::vector<LossSpec> losses;
  std::vector<std::string> on, form;  // one per loss
  std::vector<Tensor> targets;
  std::vector<std::string> trainable;
  std::map<std::string, std::string> not_trainable;  // reason by name
  std::map<std::string, ModeData> modes;
  double learning_rate = 0;
  std::vector<double> sgd_losses;
  std::optional<Rebatched> rebatched;
};

// Files that hold no evidence for what the source trained: an experiment would say it under `params`.
const std::map<std::string, std::vector<RoleRule>>& no_evidence();
std::vector<RoleRule> without_evidence(const std::string& name);

Case read_case(const std::filesystem::path& folder);
// Case folders below `root`, at most two levels deep, in order of name.
std::vector<std::filesystem::path> case_folders(const std::filesystem::path& root);
// LEHR_CORPUS where it is set, else the curated set of the repository.
std::filesystem::path corpus_root();

}  // namespace lehr::corpus
