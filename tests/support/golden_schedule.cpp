#include "tests/support/golden_schedule.h"

#include <cmath>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "schedules/term.h"
#include "tests/support/python_formula.h"

namespace lehr::test {
using nlohmann::json;

namespace {

std::string value_text(const std::string& library, const std::string& key, const json& value);

std::string mapping_text(const std::string& library, const json& args) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : args.items()) parts.push_back(key + ": " + value_text(library, key, value));
  return join(parts, ", ");
}

std::string type_name(const std::string& library, const std::string& name) {
  static const std::map<std::string, std::string> special = {
      {"tf.keras.optimizers.legacy.SGD", "keras.legacy_decay"},     {"tf.keras.optimizers.legacy.Adam", "keras.legacy_decay"},
      {"tf.keras.optimizers.legacy.RMSprop", "keras.legacy_decay"}, {"transformers.get_scheduler(reduce_lr_on_plateau)", "hf.reduce_lr_on_plateau"},
      {"transformers.get_scheduler(greedy)", "hf.greedy"},
  };
  if (const auto found = special.find(name); found != special.end()) return found->second;
  const std::string prefix = library == "transformers" ? "hf" : library == "tensorflow" ? "keras" : library;
  return prefix + "." + name.substr(name.rfind('.') + 1);
}

std::string value_text(const std::string& library, const std::string& key, const json& value) {
  if (value.is_object() && value.contains("class")) {
    const std::string args = mapping_text(library, value.at("args"));
    return "{type: " + type_name(library, value.at("class")) + (args.empty() ? "" : ", " + args) + "}";
  }
  if (value.is_object()) return "{" + mapping_text(library, value) + "}";
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const json& item : value) parts.push_back(value_text(library, key, item));
    return "[" + join(parts, ", ") + "]";
  }
  if (!value.is_string()) return value.dump();
  const auto text = value.get<std::string>();
  return flow_scalar(key == "lr_lambda" || key == "schedule" ? python_formula(text) : text);
}
}  // namespace

std::string golden_folder() {
  const char* given = std::getenv("LEHR_GOLDEN");
  return given && *given ? given : LEHR_SOURCE_DIR "/tests/golden";
}

std::string golden_text(const std::string& library, const json& set, const std::string& more) {
  const std::string type = type_name(library, set.at("class"));
  json args = set.at("args");
  if (type == "keras.legacy_decay")  // an optimizer: what its update takes says nothing of its rate
    for (const char* other : {"momentum", "nesterov", "beta_1", "beta_2", "epsilon", "amsgrad", "rho", "centered", "name"}) args.erase(other);
  std::string text = "{type: " + type;
  if (const std::string own = mapping_text(library, args); !own.empty()) text += ", " + own;
  const bool base_in_class = type == "torch.CyclicLR" || type == "torch.OneCycleLR";
  if (set.contains("optimizer_lr") && !base_in_class) text += ", lr: " + set.at("optimizer_lr").dump();
  return text + more + "}";
}

std::vector<double> golden_points(const json& points) {
  if (points.is_array()) return points.get<std::vector<double>>();
  std::vector<double> out;
  for (double n = points.at("start"); n < points.at("stop").get<double>(); n += points.at("every").get<double>()) out.push_back(n);
  return out;
}

const std::vector<NamedDifference>& named_differences() {
  static const std::vector<NamedDifference> differences = [] {
    std::vector<NamedDifference> all = {
        {"keras", "restarts_t3_misfire", "", {{3872, 0.1}}},
        {"timm", "cosine_mul3_misfire", "", {{3872, 0.1}}},
        {"torch", "restarts_log_misfire_mult3", "", {{242, 0.1}}},
        {"torch", "constant_zero_iters", "'total_iters' must be at least 1"},
        {"torch", "linear_zero_iters", "'total_iters' must be at least 1"},
        {"torch", "multistep_unsorted", "'milestones' must rise"},
        {"torch", "onecycle_100", "", {{100, 4e-6}}},
        {"torch", "onecycle_epochs_adam", "", {{45, 4e-8}}},
        {"torch", "onecycle_linear", "", {{100, 4e-6}}},
        {"torch", "onecycle_three_phase", "", {{100, 4e-6}}},
    };
    NamedDifference chained{"torch", "chained_overwritten", ""};  // a product, also with a LambdaLR in it
    for (int x = 0; x < 12; ++x) chained.points.emplace_back(x, std::pow(0.5, x / 3) * std::pow(0.95, x));
    all.push_back(chained);
    NamedDifference blocked{"transformers", "greedy_reset_blocked", ""};  // the lowest value counts as reached to within eps
    for (int i = 0; i < 16; ++i) blocked.points.emplace_back(i, std::pow(0.1, i % 4 == 3 ? 1 : i % 4));
    all.push_back(blocked);
    return all;
  }();
  return differences;
}

const NamedDifference* named_difference(const std::string& library, const std::string& id) {
  for (const NamedDifference& difference : named_differences())
    if (difference.library == library && difference.id == id) return &difference;
  return nullptr;
}

}  // namespace lehr::test
