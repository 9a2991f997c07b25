#include "tests/optim/golden.h"

#include "base/error.h"

namespace lehr::test {

namespace {

struct Family {
  const char* class_name;
  const char* optimizer;
  OptimizerOptions options;
  std::map<std::string, double> hypers = {};
};
const std::vector<Family>& families() {
  static const std::vector<Family> table{
      {"keras.optimizers.SGD", "sgd", {{"form", "keras"}}},
      {"torch.optim.SGD", "sgd", {{"form", "torch"}}},
      {"optax.sgd", "sgd", {{"form", "optax"}}},
      {"keras.optimizers.Adam", "adam", {{"form", "keras"}}},
      {"torch.optim.Adam", "adam", {{"form", "torch"}}},
      {"optax.adam", "adam", {{"form", "optax"}}},
      {"keras.optimizers.AdamW", "adamw", {{"form", "keras"}}},
      {"torch.optim.AdamW", "adamw", {{"form", "torch"}}},
      {"optax.adamw", "adamw", {{"form", "optax"}}},
      {"optax.amsgrad", "adam", {{"form", "optax"}, {"amsgrad", "true"}}},
      {"keras.optimizers.Adamax", "adamax", {{"form", "keras"}}},
      {"torch.optim.Adamax", "adamax", {{"form", "torch"}}},
      {"optax.adamax", "adamax", {{"form", "optax"}}},
      {"optax.adamaxw", "adamax", {{"form", "optax"}}},
      {"keras.optimizers.Nadam", "nadam", {{"form", "keras"}}},
      {"torch.optim.NAdam", "nadam", {{"form", "torch"}}},
      {"optax.nadam", "nadam", {{"form", "optax"}}},
      {"optax.nadamw", "nadam", {{"form", "optax"}}},
      {"torch.optim.RAdam", "radam", {{"form", "torch"}}},
      {"optax.radam", "radam", {{"form", "optax"}}},
      {"keras.optimizers.RMSprop", "rmsprop", {{"form", "keras"}}},
      {"torch.optim.RMSprop", "rmsprop", {{"form", "torch"}}},
      {"optax.rmsprop", "rmsprop", {{"form", "optax"}}},
      {"keras.optimizers.Adagrad", "adagrad", {{"form", "keras"}}},
      {"torch.optim.Adagrad", "adagrad", {{"form", "torch"}}},
      {"optax.adagrad", "adagrad", {{"form", "optax"}}},
      {"keras.optimizers.Adadelta", "adadelta", {{"form", "keras"}}},
      {"torch.optim.Adadelta", "adadelta", {{"form", "torch"}}},
      {"optax.adadelta", "adadelta", {{"form", "optax"}, {"decay", "coupled"}}},
      {"keras.optimizers.Lion", "lion", {}},
      {"optax.lion", "lion", {}, {{"weight_decay", 1e-3}}},
      {"timm.optim.Lion", "lion", {}},
      {"keras.optimizers.Lamb", "lamb", {{"form", "keras"}}},
      {"optax.lamb", "lamb", {{"form", "optax"}}},
      {"timm.optim.Lamb", "lamb", {{"form", "timm"}}},
      {"optax.lars", "lars", {{"form", "optax"}}},
      {"timm.optim.Lars", "lars", {{"form", "timm"}}, {{"momentum", 0}}},
  };
  return table;
}

// Argument names of the libraries, ours beside them; numbers are hyperparameters, booleans options.
const std::map<std::string, std::string>& names() {
  static const std::map<std::string, std::string> table{
      {"beta_1", "beta1"},
      {"beta_2", "beta2"},
      {"b1", "beta1"},
      {"b2", "beta2"},
      {"eps", "epsilon"},
      {"epsilon", "epsilon"},
      {"eps_root", "eps_root"},
      {"momentum", "momentum"},
      {"dampening", "dampening"},
      {"weight_decay", "weight_decay"},
      {"nesterov", "nesterov"},
      {"amsgrad", "amsgrad"},
      {"rho", "rho"},
      {"alpha", "rho"},
      {"decay", "rho"},
      {"momentum_decay", "momentum_decay"},
      {"centered", "centered"},
      {"bias_correction", "bias_correction"},
      {"lr_decay", "lr_decay"},
      {"trust_coeff", "trust"},
      {"trust_coefficient", "trust"},
      {"always_adapt", "always_adapt"},
      {"trust_clip", "trust_clip"},
  };
  return table;
}

}  // namespace

Translated translate(const std::string& class_name, const nlohmann::json& args) {
  Translated out;
  for (const auto& family : families())
    if (class_name == family.class_name) out.name = family.optimizer, out.options = family.options, out.hypers = family.hypers;
  if (out.name.empty()) return {{}, {}, {}, "not offered"};
  if (class_name == "timm.optim.Lamb") out.clip_norm = 1;
  for (const auto& [key, value] : args.items()) {
    if (key == "betas") {
      out.hypers["beta1"] = value[0], out.hypers["beta2"] = value[1];
      continue;
    }
    if (key == "decoupled_weight_decay") {
      out.options["decay"] = value ? "decoupled" : "coupled";
      continue;
    }
    if (key == "eps_in_sqrt") {
      out.options["epsilon_place"] = value ? "inside" : "outside";
      continue;
    }
    if (key == "initial_accumulator_value") {
      out.options["initial_accumulator"] = value == 0 ? "0" : "0.1";
      continue;
    }
    if (key == "max_grad_norm") {
      out.clip_norm = value.is_null() ? 0.0 : value.get<double>();
      continue;
    }
    const auto ours = names().find(key);
    if (ours == names().end()) return {{}, {}, {}, "argument " + key};
    if (value.is_boolean())
      out.options[ours->second] = value ? "true" : "false";
    else
      out.hypers[ours->second] = value;
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
