#pragma once
#include <map>
#include <memory>

#include "engine/train/trainer.h"
#include "experiments/run/labels.h"
#include "experiments/spec/experiment.h"
#include "graph/passes/roles.h"

namespace lehr::run {

// What a model asks of its data.
struct Wants {
  std::vector<std::string> integer_inputs = {};  // the model's inputs that take whole numbers, "" for the only one (TableSpec)
  std::optional<OwnLabels> labels = {};          // the order of the classes, where the experiment does not give it
};

// What decides a part that trials share: the specs themselves, whole, so that a field added to one is part of the key. A part is made from
// its key alone. What is known not to decide it is set back to its default where the key is made, and only there.
struct DataKey {
  spec::DataSpec data;
  std::optional<OwnLabels> labels = {};
  std::optional<std::int64_t> ignored = {};  // rows of this class do not count: their target is -1
  auto operator<=>(const DataKey&) const = default;
};
// Of the network that model.mlp makes: what the data and the loss say.
struct MlpWidths {
  std::int64_t inputs = 0, outputs = 0;
  auto operator<=>(const MlpWidths&) const = default;
};
struct ModelKey {
  spec::ModelSpec model;
  LossSpec loss;  // weighted where a row's weight or its class's has to be fed
  std::vector<std::string> freeze;  // patterns over parameter names
  std::vector<RoleRule> roles;
  std::optional<MlpWidths> widths = {};  // with model.mlp
  auto operator<=>(const ModelKey&) const = default;
};
// Of the compiled plans of a worker.
struct PlanKey {
  ModelKey model;
  PlanSizes sizes;
  auto operator<=>(const PlanKey&) const = default;
};
struct PartsKey {
  DataKey data;
  PlanKey plan;
  LossSpec loss;  // what the rows count for
  auto operator<=>(const PartsKey&) const = default;
};

struct WeighKey {
  DataKey data;
  LossSpec loss;
  auto operator<=>(const WeighKey&) const = default;
};

DataKey data_key(const spec::Experiment& experiment, const Wants& wants);
// weighted: the loss takes a weight a row.
ModelKey model_key(const spec::Experiment& experiment, std::optional<MlpWidths> widths = {}, bool weighted = false);
// All but the numbers of rows, which only the data know.
PlanSizes plan_sizes(const spec::Experiment& experiment);

// The parts that were made, by what decides them.
template <class Key, class Part>
class Shared {
 public:
  // make() where no key that was asked for compares equal.
  template <class Make>
  std::shared_ptr<const Part> get(const Key& key, Make make) {
    if (!(key == key)) return make();  // holds a NaN: it compares equal to nothing and has no place in an order
    auto& slot = made_[key];
    if (!slot) slot = make();
    return slot;
  }

 private:
  std::map<Key, std::shared_ptr<const Part>> made_;
};

}  // namespace lehr::run
