#include "tests/support/golden_optimizer.h"

#include <algorithm>
#include <regex>

#include "base/error.h"
#include "schedules/schedule.h"
#include "tests/support/golden_schedule.h"

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

// Argument names of the libraries, ours beside them: a hyperparameter or an option, whichever the optimizer has.
const std::map<std::string, std::string>& names() {
  static const std::map<std::string, std::string> table{
      {"beta_1", "beta1"},
      {"beta_2", "beta2"},
      {"b1", "beta1"},
      {"b2", "beta2"},
      {"eps", "epsilon"},
      {"epsilon", "epsilon"},
      {"epsilon_1", "epsilon1"},
      {"epsilon_2", "epsilon2"},
      {"eps_root", "eps_root"},
      {"momentum", "momentum"},
      {"dampening", "dampening"},
      {"weight_decay", "weight_decay"},
      {"weight_decay_rate", "weight_decay"},
      {"nesterov", "nesterov"},
      {"amsgrad", "amsgrad"},
      {"rho", "rho"},
      {"momentum_decay", "momentum_decay"},
      {"centered", "centered"},
      {"bias_correction", "bias_correction"},
      {"lr_decay", "lr_decay"},
      {"trust_coeff", "trust"},
      {"trust_coefficient", "trust"},
      {"always_adapt", "always_adapt"},
      {"trust_clip", "trust_clip"},
      {"clip_threshold", "clip_threshold"},
      {"decay_rate", "decay_rate"},
      {"clipping_threshold", "clip_threshold"},
      {"scale_parameter", "scale_parameter"},
      {"multiply_by_parameter_scale", "scale_parameter"},
      {"min_dim_size_to_factor", "factor_from"},
      {"initial_accumulator_value", "initial_accumulator"},
      {"initial_scale", "initial_accumulator"},
      {"ns_steps", "iterations"},
      {"adam_beta_1", "adam_beta1"},
      {"adam_beta_2", "adam_beta2"},
      {"adam_b1", "adam_beta1"},
      {"adam_b2", "adam_beta2"},
      {"adam_weight_decay", "adam_weight_decay"},
      {"adam_lr_ratio", "adam_lr_ratio"},
      {"estim_lr0", "d0"},
      {"estim_lr_coef", "growth"},
      {"safeguard_warmup", "safeguard_warmup"},
      {"weight_lr_power", "power"},
      {"l1_regularization_strength", "l1"},
      {"l2_regularization_strength", "l2"},
      {"l2_shrinkage_regularization_strength", "l2_shrinkage"},
      {"lambd", "lambda"},
      {"t0", "t0"},
      {"eta_minus", "shrink"},
      {"eta_plus", "grow"},
      {"min_step_size", "step_min"},
      {"max_step_size", "step_max"},
  };
  return table;
}

// Arguments that change no number, and those of which one value does not.
bool neutral(const std::string& class_name, const std::string& key, const nlohmann::json& value) {
  static const std::vector<std::string> always{"foreach", "fused", "capturable", "differentiable", "name", "jit_compile"};
  static const std::map<std::string, std::vector<nlohmann::json>> at{
      {"mask", {nullptr}},
      {"weight_decay_mask", {nullptr, true}},
      {"trust_ratio_mask", {true}},
      {"mu_dtype", {nullptr, "float32"}},
      {"accumulator_dtype", {nullptr, "float32"}},
      {"state_dtype", {nullptr, "float32"}},
      {"dtype_momentum", {"float32"}},
      {"loss_scale_factor", {nullptr}},
      {"use_ema", {false}},
      {"gradient_accumulation_steps", {nullptr, 1}},
      {"decay_offset", {0}},
      {"beta3", {nullptr}},
      {"learning_rate_power", {-0.5}},
      {"bias_correction", {true}},  // of timm's Lamb
      {"grad_averaging", {true}},
      {"caution", {false}},
      {"decoupled_decay", {false}},
      {"adaptive", {false}},
      {"adam_eps_root", {0}},
      {"adam_learning_rate", {nullptr}},
      {"muon_weight_dimension_numbers", {nullptr}},
      {"exclude_embeddings", {true}},
      {"exclude_layers", {nullptr}},
      {"ns_coefficients", {{3.4445, -4.775, 2.0315}}},
      {"ns_coeffs", {{3.4445, -4.775, 2.0315}}},
      {"muon_a", {3.4445}},
      {"muon_b", {-4.775}},
      {"muon_c", {2.0315}},
  };
  if (std::ranges::find(always, key) != always.end()) return true;
  if (key == "bias_correction" && class_name != "timm.optim.Lamb") return false;
  if (key == "relative_step" && class_name.starts_with("keras")) return true;  // without effect there
  const auto row = at.find(key);
  return row != at.end() && std::ranges::find(row->second, value) != row->second.end();
}

bool is_number(const nlohmann::json& value) { return value.is_number(); }

// An argument that is more than a name and a value; false where it is none of these, or not at this value.
bool special(Translated& out, const std::string& class_name, const std::string& key, const nlohmann::json& value) {
  const auto contains = [&](const char* part) { return class_name.find(part) != std::string::npos; };
  const auto pair = [&](const char* first, const char* second) {
    if (!value.is_array() || value.size() != 2) return false;
    if (!value[0].is_null()) out.hypers[first] = value[0];
    if (!value[1].is_null()) out.hypers[second] = value[1];
    return true;
  };
  const auto factored = contains("dafactor");
  if (key == "betas") return pair("beta1", "beta2");
  if (key == "etas") return pair("shrink", "grow");
  if (key == "step_sizes") return pair("step_min", "step_max");
  if (factored && key == "eps" && value.is_array()) return pair("epsilon1", "epsilon2");
  if (key == "decoupled_weight_decay" && value.is_boolean()) {
    out.options["decay"] = value ? "decoupled" : "coupled";
  } else if (key == "eps_in_sqrt" && value.is_boolean()) {
    out.options["epsilon_place"] = value ? "inside" : "outside";
  } else if (key == "max_grad_norm" || key == "global_clipnorm") {
    if (!value.is_null() && !is_number(value)) return false;
    out.clip.norm = value.is_null() ? std::nullopt : std::optional(value.get<double>());
    if (key == "global_clipnorm") out.clip.form = ClipForm::keras;
  } else if ((key == "clipnorm" || key == "clipvalue") && (value.is_null() || is_number(value))) {
    if (!value.is_null()) (key == "clipnorm" ? out.clip.tensor_norm : out.clip.value) = value.get<double>();
  } else if (key == "maximize" && value.is_boolean()) {
    out.maximize = value;
  } else if ((key == "gradient_accumulation_steps" || key == "every_k_schedule") && value.is_number_integer()) {
    out.accumulate = value;
  } else if (factored && (key == "beta2_decay" || key == "beta_2_decay" || (key == "decay_rate" && !class_name.starts_with("optax"))) && is_number(value)) {
    out.hypers["decay_rate"] = -value.get<double>();  // optax alone writes the exponent without its sign
  } else if (class_name == "optax.adafactor" && key == "eps" && is_number(value)) {
    out.hypers["epsilon1"] = value;
  } else if (class_name == "torch.optim.Adafactor" && key == "d" && is_number(value)) {
    out.hypers["clip_threshold"] = value;
  } else if (factored && key == "clipping_threshold" && value.is_null()) {
    out.hypers["clip_threshold"] = 1e30;
  } else if (factored && (key == "beta1" || key == "momentum") && (value.is_null() || is_number(value))) {
    if (!value.is_null()) out.options["momentum"] = "true", out.hypers["beta1"] = value;
  } else if (factored && key == "factored" && value.is_boolean()) {
    if (!value) out.options["factor"] = "none";
  } else if (contains("RMSprop") && key == "alpha" && is_number(value)) {
    out.hypers["rho"] = value;
  } else if (class_name == "optax.rmsprop" && key == "decay" && is_number(value)) {
    out.hypers["rho"] = value;
  } else if (contains("ASGD") && key == "alpha" && is_number(value)) {
    out.hypers["alpha"] = value;
  } else if (key == "beta" && is_number(value) && (out.name == "muon" || out.name == "ftrl")) {
    out.hypers[out.name == "muon" ? "momentum" : "beta"] = value;
  } else if (out.name == "muon" && (key == "rms_rate" || key == "consistent_rms") && (value.is_null() || is_number(value))) {
    out.options["scale"] = value.is_null() ? "aspect" : "rms";
    if (!value.is_null()) out.hypers["rms_rate"] = value;
  } else if (key == "adjust_lr_fn" && (value.is_null() || value == "original" || value == "match_rms_adamw")) {
    out.options["scale"] = value == "match_rms_adamw" ? "rms" : "aspect";
  } else if (key == "lr" || key == "learning_rate") {
    if (is_number(value)) out.hypers["lr"] = value;
    return is_number(value) || (value.is_null() && class_name.starts_with("transformers"));
  } else if (value.is_null() && (key.ends_with("weight_decay") || key == "weight_decay_rate" || key == "momentum")) {
    out.hypers[names().at(key)] = 0;
  } else {
    return false;
  }
  return true;
}

// Arguments that make another optimizer of a class; they are taken out.
void rename(Translated& out, const std::string& class_name, nlohmann::json& args) {
  const auto take = [&](const char* key) {
    const bool on = args.contains(key) && args.at(key) == true;
    if (args.contains(key) && args.at(key).is_boolean()) args.erase(key);
    return on;
  };
  if (class_name == "torch.optim.Adam" && take("decoupled_weight_decay")) out.name = "adamw", out.hypers["weight_decay"] = 0;
  if ((class_name == "optax.adam" || class_name == "optax.adamw") && take("nesterov")) {
    out.name = "nadam";
    out.hypers["weight_decay"] = class_name == "optax.adamw" ? 1e-4 : 0;
  }
}

// transformers' Adafactor without a rate of its own: min(0.01 or 1e-6 n, 1/sqrt(n)), n from 1. False where its arguments contradict each other.
bool relative_step(Translated& out, const nlohmann::json& args) {
  const bool relative = args.value("relative_step", true), warmup = args.value("warmup_init", false);
  if (relative != (!args.contains("lr") || args.at("lr").is_null()) && args.contains("lr")) return false;
  if (warmup && !relative) return false;
  if (!relative) return true;
  out.options["cap"] = "on";
  out.rate = [warmup](int n, double) { return warmup ? 1e-6 * (n + 1) : 1e-2; };
  return true;
}

// Schedules inside an optimizer: a linear warm-up, which keras counts from 1 and keeps from the decay, and the one of a run's "lr".
void schedule(Translated& out, const nlohmann::json& run) {
  const auto& args = run.at("args");
  const std::string class_name = run.at("class");
  if (args.contains("warmup_steps") && args.at("warmup_steps") != 0) {
    const double steps = args.at("warmup_steps"), first = class_name.starts_with("keras") ? 1 : 0;
    const auto share = [=](int n) { return std::min((n + first) / steps, 1.0); };
    out.rate = [=](int n, double lr) { return lr * share(n); };
    if (first == 1) out.decay = [=, decay = args.value("weight_decay", 0.0)](int n) { return decay / share(n); };
  }
  const nlohmann::json lr = run.value("lr", nlohmann::json());
  if (!lr.is_object()) return;
  const std::string library = class_name.substr(0, class_name.find('.'));
  const Schedule given = parse_schedule(golden_text(library, lr));
  out.rate = [given, before = out.rate](int n, double) {
    Clock run_of;
    run_of.step = n, run_of.steps = n + 1;
    return before(n, given.at(run_of));
  };
}

// optax.MultiSteps' inner optimizer, a call with numbers: "optax.adam(0.01, b1=0.8)".
std::optional<nlohmann::json> called(const std::string& text) {
  static const std::regex form(R"(^\s*([\w.]+)\(([^()]*)\)\s*$)"), argument(R"(^\s*(?:(\w+)\s*=)?\s*([^=\s]+)\s*$)");
  std::smatch call, part;
  if (!std::regex_match(text, call, form)) return {};
  nlohmann::json args = nlohmann::json::object();
  const std::string list = call[2];
  if (!trim(list).empty())
    for (const auto& each : split(list, ',')) {
      const std::string one(each);
      if (!std::regex_match(one, part, argument)) return {};
      const auto value = nlohmann::json::parse(part[2] == "True"    ? "true"
                                               : part[2] == "False" ? "false"
                                               : part[2] == "None"  ? "null"
                                                                    : part[2].str(),
                                               nullptr, false);
      if (value.is_discarded()) return {};
      if (part[1].matched) args[part[1].str()] = value;
      else if (args.empty()) args["learning_rate"] = value;
      else return {};
    }
  return nlohmann::json{{"class", call[1].str()}, {"args", args}};
}

// Our optimizer's word for an argument with one value: a hyperparameter, an option or a number option of it. False where it has none of the name.
bool plain(Translated& out, const std::string& name, const nlohmann::json& value) {
  const OptimizerRow& row = standard_optimizers().find(out.name);
  if (value.is_boolean() && row.options.contains(name)) return out.options[name] = value ? "true" : "false", true;
  if (!is_number(value)) return false;
  if (std::ranges::find(row.numbers, name, &NumberOption::name) != row.numbers.end()) return out.options[name] = value.dump(), true;
  const auto hypers = row.make({})->hypers();
  if (std::ranges::find(hypers, name, &Hyper::name) == hypers.end()) return false;
  return out.hypers[name] = value, true;
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
  nlohmann::json args = run.at("args");
  if (class_name == "optax.MultiSteps") {
    const auto inner = called(args.value("opt", ""));
    if (!inner) return refused("argument opt");
    out = translate(*inner);
    args.erase("opt");
  }
  if (out.name.empty()) return out.why.empty() ? refused("not offered") : out;
  if (class_name == "timm.optim.Lamb") out.clip.norm = 1;
  rename(out, class_name, args);
  for (const auto& [key, value] : args.items()) {
    if (key == "warmup_steps" && out.name.starts_with("schedule_free") && value.is_number_integer()) continue;
    if (class_name == "transformers.optimization.Adafactor" && (key == "relative_step" || key == "warmup_init") && value.is_boolean()) continue;
    if (neutral(class_name, key, value) || special(out, class_name, key, value)) continue;
    const auto ours = names().find(key);
    if (ours == names().end() || !plain(out, ours->second, value)) return refused("argument " + key + " " + value.dump());
  }
  if (class_name == "transformers.optimization.Adafactor" && !relative_step(out, args)) return refused("arguments lr and relative_step");
  if (out.options.contains("factor_from") && !out.options.contains("factor")) out.options["factor"] = "large";
  schedule(out, run);
  try {
    const auto hypers = standard_optimizers().find(out.name).make(out.options)->hypers();
    for (const auto& [hyper, value] : out.hypers)
      if (std::ranges::find(hypers, hyper, &Hyper::name) == hypers.end()) return refused(cat(out.name, " has no ", hyper));
  } catch (const Error& error) {
    return refused(error.sentence());
  }
  return out;
}

GoldenClip golden_clip(const std::string& class_name, const nlohmann::json& args) {
  GoldenClip out;
  out.form = class_name.starts_with("keras") ? ClipForm::keras : class_name.starts_with("optax") ? ClipForm::optax : ClipForm::torch;
  out.apart = class_name.find("one call a parameter") != std::string::npos;
  for (const auto& item : args.items()) {
    const std::string& key = item.key();
    const nlohmann::json& value = item.value();
    if (key == "foreach" || key == "error_if_nonfinite") continue;
    const auto number = [&] {
      return value.is_number() ? std::optional(value.get<double>()) : throw Error(class_name, ": argument ", key, " is ", value.dump());
    };
    if (key == "clipvalue" || key == "clip_value" || key == "max_delta") out.value = number();
    else if (key == "clipnorm") out.tensor_norm = number();
    else if (key == "threshold") out.rms = number();
    else if (key == "clipping") out.adaptive = number();
    else if (key == "eps" && class_name == "optax.adaptive_grad_clip") out.epsilon = *number();
    else if (key == "max_norm" || key == "global_clipnorm") out.norm = number();
    else if (key == "norm_type" && (value == "inf" || value == 2 || value == "2")) out.kind = value == "inf" ? Norm::max : Norm::l2;
    else throw Error(class_name, ": argument ", key, " ", value.dump(), " is not read");
  }
  return out;
}

}  // namespace lehr::test
