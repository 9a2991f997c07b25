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
      {"keras.optimizers.Adafactor", "adafactor", {{"form", "keras"}}},
      {"torch.optim.Adafactor", "adafactor", {{"form", "torch"}}},
      {"optax.adafactor", "adafactor", {{"form", "optax"}}},
      {"transformers.optimization.Adafactor", "adafactor", {{"form", "hf"}}},
      {"keras.optimizers.Muon", "muon", {{"form", "keras"}}},
      {"torch.optim.Muon", "muon", {{"form", "torch"}}},
      {"optax.contrib.muon", "muon", {{"form", "optax"}}},
      {"keras.optimizers.ScheduleFreeAdamW", "schedule_free_adamw", {{"form", "keras"}}},
      {"optax.contrib.schedule_free_adamw", "schedule_free_adamw", {{"form", "optax"}}},
      {"optax.contrib.schedule_free_sgd", "schedule_free_sgd", {}},
      {"optax.contrib.prodigy", "prodigy", {}},
      {"optax.contrib.dadapt_adamw", "dadapt_adamw", {}},
      {"keras.optimizers.Ftrl", "ftrl", {}},
      {"torch.optim.ASGD", "asgd", {}},
      {"torch.optim.Rprop", "rprop", {{"form", "torch"}}},
      {"optax.rprop", "rprop", {{"form", "optax"}}},
      {"optax.adabelief", "adabelief", {}},
      {"optax.yogi", "yogi", {}},
      {"optax.novograd", "novograd", {}},
      {"optax.sign_sgd", "sign_sgd", {}},
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
      {"clip_threshold", "clip_threshold"},
      {"clipping_threshold", "clip_threshold"},
      {"d", "clip_threshold"},
      {"decay_rate", "decay_rate"},
      {"weight_decay_rate", "weight_decay"},
      {"scale_parameter", "scale_parameter"},
      {"beta", "momentum"},
      {"adam_weight_decay", "adam_weight_decay"},
      {"adam_lr_ratio", "adam_lr_ratio"},
      {"estim_lr0", "d0"},
      {"estim_lr_coef", "growth"},
      {"safeguard_warmup", "safeguard_warmup"},
      {"l1_regularization_strength", "l1"},
      {"l2_regularization_strength", "l2"},
      {"lambd", "lambda"},
      {"t0", "t0"},
  };
  return table;
}

}  // namespace

namespace {

// An argument that is more than a name and a value; false where it is none of these.
bool special(Translated& out, const std::string& class_name, const std::string& key, const nlohmann::json& value) {
  const auto contains = [&](const char* part) { return class_name.find(part) != std::string::npos; };
  if (key == "betas") {
    out.hypers["beta1"] = value[0], out.hypers["beta2"] = value[1];
  } else if (key == "decoupled_weight_decay") {
    out.options["decay"] = value ? "decoupled" : "coupled";
  } else if (key == "eps_in_sqrt") {
    out.options["epsilon_place"] = value ? "inside" : "outside";
  } else if (key == "initial_accumulator_value") {
    out.options["initial_accumulator"] = value == 0 ? "0" : "0.1";
  } else if (key == "max_grad_norm" || key == "global_clipnorm") {
    out.clip_norm = value.is_null() ? 0.0 : value.get<double>();
    if (key == "global_clipnorm") out.clip_form = ClipForm::keras;
  } else if (key == "maximize") {
    out.maximize = value;
  } else if (key == "gradient_accumulation_steps" || key == "every_k_schedule") {
    out.accumulate = value;
  } else if (key == "opt") {
    out.name = "adam", out.options = {{"form", "optax"}};  // optax.adam(0.01), its rate given beside it
  } else if (contains("Adafactor") && key == "eps") {
    out.hypers["epsilon1"] = value[0], out.hypers["epsilon2"] = value[1];
  } else if (contains("Adafactor") && key == "beta2_decay") {
    out.hypers["decay_rate"] = -value.get<double>();
  } else if (contains("dafactor") && (key == "beta1" || key == "momentum")) {
    out.options["momentum"] = "true", out.hypers["beta1"] = value;
  } else if (key == "min_dim_size_to_factor") {
    out.options["factor"] = value <= 3 ? "all" : "large";
  } else if (key == "relative_step") {
    // of keras' without effect; of transformers' off wherever a rate is given
  } else if (contains("Adafactor") && key == "lr") {
    out.options["cap"] = "on";  // given as None: relative_step
    out.rate = [](int, double) { return 1e-2; };
  } else if (key == "warmup_init") {
    out.rate = [](int n, double) { return 1e-6 * (n + 1); };
  } else if (contains("Muon") && key == "rms_rate") {
    out.options["scale"] = "aspect";  // given as None
  } else if (contains("muon") && key == "consistent_rms") {
    out.options["scale"] = "rms", out.hypers["rms_rate"] = value;
  } else if (key == "adjust_lr_fn") {
    out.options["scale"] = "rms";
  } else if (value.is_null() && key.ends_with("weight_decay")) {
    out.hypers[key] = 0;
  } else {
    return false;
  }
  return true;
}

// Schedules inside an optimizer: a linear warm-up, which keras counts from 1 and keeps from the decay, and the one of a run's "lr".
void schedule(Translated& out, const nlohmann::json& run) {
  const auto& args = run.at("args");
  if (args.contains("warmup_steps")) {
    const double steps = args.at("warmup_steps"), first = run.at("class").get<std::string>().starts_with("keras") ? 1 : 0;
    const auto share = [=](int n) { return std::min((n + first) / steps, 1.0); };
    out.rate = [=](int n, double lr) { return lr * share(n); };
    if (first == 1) out.decay = [=, decay = args.at("weight_decay").get<double>()](int n) { return decay / share(n); };
  }
  if (!run.at("lr").is_object()) return;
  if (run.at("lr").at("class") != "InverseTimeDecay") throw Error("a rate of class ", run.at("lr").at("class").dump());
  const auto& decay = run.at("lr").at("args");
  const double initial = decay.at("initial_learning_rate"), steps = decay.at("decay_steps"), rate = decay.at("decay_rate");
  out.rate = [=](int n, double) { return initial / (1 + rate * n / steps); };
}

}  // namespace

Translated translate(const nlohmann::json& run) {
  const auto refused = [](const std::string& why) {
    Translated none;
    none.why = why;
    return none;
  };
  const std::string class_name = run.at("class");
  Translated out;
  for (const auto& family : families())
    if (class_name == family.class_name) out.name = family.optimizer, out.options = family.options, out.hypers = family.hypers;
  if (out.name.empty() && class_name != "optax.MultiSteps") return refused("not offered");
  if (class_name == "timm.optim.Lamb") out.clip_norm = 1;
  for (const auto& [key, value] : run.at("args").items()) {
    if (key == "warmup_steps" || special(out, class_name, key, value)) continue;
    const auto ours = names().find(key);
    if (ours == names().end()) return refused("argument " + key);
    const std::string name = out.name == "ftrl" && key == "beta" ? "beta" : ours->second;
    if (value.is_boolean())
      out.options[name] = value ? "true" : "false";
    else
      out.hypers[name] = value;
  }
  schedule(out, run);
  return out;
}

}  // namespace lehr::test
