// The sweep of a study: its values, and the cases that variants and values make.
#include <algorithm>

#include "experiments/spec/emit.h"
#include "experiments/spec/study_reader.h"

namespace lehr::spec {

namespace {
constexpr std::size_t max_keys = 8;

// The key a short form stands for, so that two spellings of one key are seen as one.
std::string full_key(const std::string& dotted, const Schema& schema) {
  const Key* key = schema.find(dotted);
  if (key && !key->alias.empty()) return key->alias;
  return key && !key->shorthand.empty() ? dotted + "." + key->shorthand : dotted;
}

// A number in its shortest form, anything else as YAML in one line.
std::string text_of(const Node& value) {
  if (value.is_scalar() && !value.quoted && looks_like_number(value.scalar))
    if (const auto read = read_number(value.scalar)) return number(read.value);
  return value.is_scalar() ? value.scalar : flow(value);
}

// "lr_scale=0.3"; what would be no good name for a folder is numbered: "lr=value-2".
std::string folder_of(std::string key, const std::string& value, std::size_t position) {
  for (char& c : key)
    if (!in_file_name(c)) c = '_';
  const bool good = value.size() <= 32 && !value.empty() && std::ranges::all_of(value, in_file_name);
  return cat(key.substr(0, 64), "=", good ? value : cat("value-", position + 1));
}
}  // namespace

bool in_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("._+-=").find(c) != std::string_view::npos;
}

void StudyReader::read_sweep() {
  const Node node = take("sweep");
  if (node.is_null()) return;
  sweep_at_ = node.at;
  if (!node.is_mapping())
    return problems_.error(node.at, "sweep must be a mapping of keys to lists of values such as {lr_scale: [0.3, 1, 3]}, not ", kind_name(node));
  if (node.entries.empty()) return problems_.error(node.at, "sweep is empty: name a key with its values, or leave it out");
  if (node.entries.size() > max_keys) return problems_.error(node.at, "sweep has ", node.entries.size(), " keys: ", max_keys, " are allowed");
  for (const Entry& entry : node.entries) read_axis(entry);
}

void StudyReader::read_axis(const Entry& entry) {
  const std::string name = printable(entry.key);
  const Key* top = schema_.find(split(entry.key, '.').front());
  if (top && !top->varies()) return problems_.error(entry.at, quote(entry.key), " speaks of all trials: it cannot be swept");
  for (const Axis& other : axes_)
    if (full_key(other.key, schema_) == full_key(entry.key, schema_))
      return problems_.error(entry.at, "sweep.", name, " is the key sweep.", printable(other.key), " once more");
  if (!entry.value.is_list())
    return problems_.error(entry.value.at, "sweep.", name, " must be a list of values, not ", kind_name(entry.value),
                           entry.value.is_mapping() ? cat(": a key inside is written ", name, ".KEY") : in_brackets(entry.value));
  if (entry.value.items.empty()) return problems_.error(entry.value.at, "sweep.", name, " is an empty list: give it values, or leave it out");
  Axis axis{entry.key, {}};
  for (const Node& item : entry.value.items) {
    if (item.is_null()) {
      problems_.error(item.at, "sweep.", name, ": null is no value to try");
      continue;
    }
    Node patch = make_mapping(item.at);
    patch.entries.push_back({entry.key, entry.at, item});
    axis.settings.push_back({normalised(std::move(patch), true, schema_, problems_), text_of(item)});
    stamp(axis.settings.back().patch, sources_->label("sweep"));
    const auto same = std::ranges::count(axis.settings, axis.settings.back().text, &Axis::Setting::text);
    if (same > 1) problems_.error(item.at, "sweep.", name, " has the value ", printable(axis.settings.back().text), " twice");
  }
  if (const Entry* set = find_key(arguments_, entry.key, schema_)) {
    problems_.warning(set->at, "sweep.", name, " is left out: --set wins over it");
    return;
  }
  if (!axis.settings.empty()) axes_.push_back(std::move(axis));
}

void StudyReader::warn_of_variants() {
  for (const std::string& name : variants())
    for (const Axis& axis : axes_)
      if (const Entry* own = find_key(std::ranges::find(variants_, name, &Variant::name)->patch, axis.key, schema_))
        problems_.warning(own->at, "variant ", quote(name), " sets ", printable(axis.key), ", and so does the sweep, which wins");
}

void StudyReader::read_cases() {
  double count = static_cast<double>(variants_.size());
  for (const Axis& axis : axes_) count *= static_cast<double>(axis.settings.size());
  if (count > static_cast<double>(max_trials)) {
    problems_.error(sweep_at_, "the sweep and ", variants_.size(), variants_.size() == 1 ? " variant" : " variants", " are ", count,
                    " trials a seed: ", max_trials, " are allowed");
    for (Axis& axis : axes_) axis.settings.resize(std::min<std::size_t>(axis.settings.size(), 1));
  }
  std::vector<std::vector<std::size_t>> grid{{}};  // the last key is the fastest
  for (const Axis& axis : axes_) {
    swept.push_back(axis.key);
    std::vector<std::vector<std::size_t>> finer;
    for (const auto& point : grid)
      for (std::size_t i = 0; i < axis.settings.size(); ++i) {
        finer.push_back(point);
        finer.back().push_back(i);
      }
    grid = std::move(finer);
  }
  for (const Variant& variant : variants_)
    for (const auto& point : grid)
      if (cases.empty() || !problems_.full()) cases.push_back(read(variant, point));
}

StudyReader::Case StudyReader::read(const Variant& variant, const std::vector<std::size_t>& point) {
  Node tree = root_;
  merge(tree, variant.patch, schema_);
  Case out{variant.name, {}, {}};
  for (std::size_t i = 0; i < point.size(); ++i) {
    const auto& [patch, text] = axes_[i].settings[point[i]];
    merge(tree, patch, schema_);
    out.point.values.push_back(text);
    out.point.name += cat(out.point.name.empty() ? "" : "/", folder_of(axes_[i].key, text, point[i]));
  }
  merge(tree, arguments_, schema_);
  out.reading = read_experiment(tree, schema_, *sources_, problems_);
  Experiment& e = out.reading.experiment;
  e.path = file_;
  if (!out.reading.tree.find("name")) e.name = file_.stem().string();
  auto places = std::make_shared<Places>();
  places->sources = sources_;
  places->at = out.reading.places;
  e.places = places;
  return out;
}

}  // namespace lehr::spec
