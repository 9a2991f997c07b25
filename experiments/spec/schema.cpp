#include "experiments/spec/schema.h"

#include <algorithm>
#include <cmath>

namespace lehr::spec {

std::string Key::parent() const {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}
std::string Key::name() const { return path.substr(path.rfind('.') + 1); }

std::string Key::range() const {
  const std::string least = cat(above ? "above " : "at least ", readable(low));
  if (std::isinf(high)) return std::isinf(low) ? "" : least;
  // The last number below 1 is how a table says "less than 1".
  const double next = std::nextafter(high, std::numeric_limits<double>::infinity());
  const bool open = next == std::round(next) && high != std::round(high);
  if (std::isinf(low)) return open ? cat("below ", readable(next)) : cat("at most ", readable(high));
  return cat("in ", above ? "(" : "[", readable(low), ", ", readable(open ? next : high), open ? ")" : "]");
}

Named Key::named() const {
  static const std::pair<const char*, Named> rows[] = {{"loss.type", Named::loss},
                                                       {"metrics", Named::metric},
                                                       {"optimizer.type", Named::optimizer},
                                                       {"model.init", Named::initializer},
                                                       {"data.scale", Named::scaler},
                                                       {"data.impute", Named::filler},
                                                       {"data.split.take", Named::split},
                                                       {"model.mlp.activation", Named::activation},
                                                       {"average.type", Named::average}};
  constexpr std::string_view columns = "data.columns.";  // settings of a pattern are those of all columns
  const std::string wanted = path.starts_with(columns) ? "data." + name() : path;
  for (const auto& [named, as] : rows)
    if (wanted == named) return as;
  return Named::other;
}

bool Key::takes(std::string_view type_of_mapping) const { return of.empty() || std::ranges::find(of, type_of_mapping) != of.end(); }

Schema::Schema(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
  keys_.push_back({.path = "name",
                   .type = Type::text,
                   .doc = "Name of the experiment and of its folder under runs/.",
                   .absent = "the file's name",
                   .shared = true,
                   .set = [](Experiment& e, const Value& v) { e.name = v.text; }});
  add_model_keys(keys_, vocabulary_);
  add_data_keys(keys_);
  add_training_keys(keys_, vocabulary_);
  add_control_keys(keys_);
  add_fold_keys(keys_);
  add_study_keys(keys_);
}

std::vector<const Key*> Schema::children(std::string_view path, std::optional<std::string_view> type) const {
  std::vector<const Key*> out;
  for (const Key& key : keys_) {
    const bool below = path.empty() ? key.path.find('.') == std::string::npos
                                    : key.path.size() > path.size() + 1 && key.path.starts_with(path) && key.path[path.size()] == '.' &&
                                          key.path.find('.', path.size() + 1) == std::string::npos;
    if (below && (!type || key.takes(*type))) out.push_back(&key);
  }
  return out;
}

const Key* Schema::find(std::string_view path, std::optional<std::string_view> type) const {
  for (const Key& key : keys_)
    if (key.path == path && (!type || key.takes(*type))) return &key;
  return nullptr;
}

const std::string* allowed(const std::vector<std::string>& values, std::string_view text) {
  for (const std::string& value : values) {
    if (value == text) return value.ends_with("_k") ? nullptr : &value;
    if (!value.ends_with("_k")) continue;
    const std::string_view stem = std::string_view(value).substr(0, value.size() - 1);
    if (!text.starts_with(stem)) continue;
    const auto k = read_integer(text.substr(stem.size()));
    if (k && k.value > 0 && k.value <= 1'000'000) return &value;
  }
  return nullptr;
}

}  // namespace lehr::spec
