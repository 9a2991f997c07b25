#include "tests/optim/golden.h"

#include "base/error.h"

namespace lehr::test {

namespace {

struct Family {
  const char* class_name;
  const char* optimizer;
  OptimizerOptions options;
};
const std::vector<Family>& families() {
  static const std::vector<Family> table{
      {"keras.optimizers.SGD", "sgd", {{"form", "keras"}}}, {"torch.optim.SGD", "sgd", {{"form", "torch"}}}, {"optax.sgd", "sgd", {{"form", "optax"}}},
      {"keras.optimizers.Adam", "adam", {{"form", "keras"}}}, {"torch.optim.Adam", "adam", {{"form", "torch"}}}, {"optax.adam", "adam", {{"form", "optax"}}},
      {"keras.optimizers.AdamW", "adamw", {{"form", "keras"}}}, {"torch.optim.AdamW", "adamw", {{"form", "torch"}}}, {"optax.adamw", "adamw", {{"form", "optax"}}},
      {"optax.amsgrad", "adam", {{"form", "optax"}, {"amsgrad", "true"}}},
  };
  return table;
}

// Argument names of the libraries, ours beside them; numbers are hyperparameters, booleans options.
const std::map<std::string, std::string>& names() {
  static const std::map<std::string, std::string> table{
      {"beta_1", "beta1"}, {"beta_2", "beta2"}, {"b1", "beta1"}, {"b2", "beta2"}, {"eps", "epsilon"}, {"epsilon", "epsilon"}, {"eps_root", "eps_root"},
      {"momentum", "momentum"}, {"dampening", "dampening"}, {"weight_decay", "weight_decay"}, {"nesterov", "nesterov"}, {"amsgrad", "amsgrad"},
  };
  return table;
}

}  // namespace

Translated translate(const std::string& class_name, const nlohmann::json& args) {
  Translated out;
  for (const auto& family : families())
    if (class_name == family.class_name) out.name = family.optimizer, out.options = family.options;
  if (out.name.empty()) return {{}, {}, {}, "not offered"};
  for (const auto& [key, value] : args.items()) {
    if (key == "betas") {
      out.hypers["beta1"] = value[0], out.hypers["beta2"] = value[1];
      continue;
    }
    const auto ours = names().find(key);
    if (ours == names().end()) return {{}, {}, {}, "argument " + key};
    if (value.is_boolean()) out.options[ours->second] = value ? "true" : "false";
    else out.hypers[ours->second] = value;
  }
  return out;
}

Run::Run(const std::string& name, const OptimizerOptions& options, const std::map<std::string, double>& given, std::vector<std::vector<float>> start)
    : optimizer_(standard_optimizers().find(name).make(options)) {
  auto rest = given;
  for (const Hyper& hyper : optimizer_->hypers()) {
    if (hyper.name == "lr") lr_ = hypers_.size();
    const auto value = rest.find(hyper.name);
    hypers_.push_back(value == rest.end() ? hyper.fallback : value->second);
    if (value != rest.end()) rest.erase(value);
  }
  if (!rest.empty()) throw Error("no hyperparameter ", quote(rest.begin()->first));
  for (auto& w : start) {
    Part part;
    for (const Slot& slot : optimizer_->slots()) part.slots.emplace_back(w.size(), slot.initial);
    part.w = std::move(w);
    tensors_.push_back(std::move(part));
  }
}

void Run::step(const std::vector<std::vector<float>>& gradients, double lr) {
  ++t_;
  hypers_[lr_] = lr;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    std::vector<std::span<float>> slots(tensors_[i].slots.begin(), tensors_[i].slots.end());
    optimizer_->update(tensors_[i].w, gradients[i], slots, hypers_, t_);
  }
}

}  // namespace lehr::test
