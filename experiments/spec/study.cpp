#include <algorithm>

#include "base/file.h"
#include "experiments/spec/emit.h"
#include "experiments/spec/study_reader.h"
#include "experiments/spec/yaml.h"

namespace lehr::spec {

namespace {
constexpr const char* headline = "# Resolved: every key with its value. It runs alone.\n";

void set_scalar(Node& mapping, const std::string& key, const std::string& value, bool front = false) {
  if (Entry* entry = mapping.find(key))
    entry->value = make_scalar(value);
  else
    mapping.entries.insert(front ? mapping.entries.begin() : mapping.entries.end(), {key, {}, make_scalar(value)});
}

// File names as seen from the folder of the experiment: the same text wherever the folder lies.
Node portable(Node tree, const Experiment& experiment) {
  const auto folder = std::filesystem::absolute(experiment.path).lexically_normal().parent_path();
  for (const auto& [section, key] : {std::pair{"model", "file"}, {"model", "weights"}, {"data", "file"}, {"data", "test_file"}})
    if (Entry* entry = tree.find(section))
      if (Entry* file = entry->value.find(key)) file->value.scalar = std::filesystem::path(file->value.scalar).lexically_relative(folder).generic_string();
  return tree;
}

std::string trial_id(const std::string& folder, std::uint64_t seed, std::size_t digits) {
  std::string count = std::to_string(seed);
  count.insert(0, digits > count.size() ? digits - count.size() : 0, '0');
  return folder.empty() ? "seed-" + count : folder + "/seed-" + count;
}

// What the trials of a case share: everything but the seed, which stands last.
struct Texts {
  std::string absolute, portable;
};
Texts texts_of(const Node& resolved, const Experiment& experiment, const StudyReader& study, std::uint64_t seed) {
  Node tree = resolved;
  set_scalar(tree, "name", experiment.name, true);
  tree.erase("seed");
  if (study.vary_split)
    if (Entry* data = tree.find("data"))
      if (Entry* split = data->value.find("split")) set_scalar(split->value, "seed", std::to_string(seed));
  std::string absolute = headline + emit(tree);
  return {std::move(absolute), emit(portable(std::move(tree), experiment))};
}

void check_varies(const Experiment& e) {
  const SplitOptions& s = e.data.split;
  const bool splits = s.validation > 0 || s.test > 0 || s.validation_rows > 0 || s.test_rows > 0;
  if (!s.order.empty()) throw Error(e.located("data.split.order", "repeat.vary: [split] needs a split that varies: data.split.order has one"));
  if (splits && s.take != SplitOptions::Take::tail) return;
  throw Error(e.located(splits ? "data.split.take" : "data.split",
                        cat("repeat.vary: [split] needs a split that varies: ",
                            splits ? "take: tail has one split; random or stratified vary" : "data.split keeps no rows apart")));
}

void add_trials(const StudyReader::Case& one, const StudyReader& study, std::size_t digits, std::vector<Trial>& trials) {
  if (study.vary_split) check_varies(one.reading.experiment);
  Texts texts;
  std::shared_ptr<const Experiment> experiment;
  std::shared_ptr<const std::string> text;
  for (const std::uint64_t seed : study.seeds) {
    if (!text || study.vary_split) {
      texts = texts_of(one.reading.tree, one.reading.experiment, study, seed);
      text = std::make_shared<const std::string>(std::move(texts.absolute));
      Experiment own = one.reading.experiment;
      if (study.vary_split) own.data.split.seed = seed;
      experiment = std::make_shared<const Experiment>(std::move(own));
    }
    trials.push_back({trial_id(one.folder, seed, digits), one.variant, one.point, seed, experiment, text, fingerprint(cat(texts.portable, "seed: ", seed, "\n"))});
  }
}

void flatten(const Node& node, const std::string& path, const Sources& sources, std::vector<ResolvedKey>& out) {
  for (const Entry& entry : node.entries) {
    const std::string key = path.empty() ? entry.key : path + "." + entry.key;
    const bool section = entry.value.is_mapping() && !entry.value.find("type") && !entry.value.entries.empty() && key != "params" && key != "model.init" &&
                         key != "data.inputs" && key != "data.columns";
    const bool typed = path.empty() && entry.value.is_mapping() && (key == "optimizer" || key == "loss");
    if (section || typed)
      flatten(entry.value, key, sources, out);
    else
      out.push_back({key, flow(entry.value), sources.origin(entry.value.at)});
  }
}
}  // namespace

Study read_study(const std::filesystem::path& file, const Vocabulary& vocabulary, const Overrides& overrides) {
  const StudyReader reader(file, vocabulary, overrides);
  Study study;
  study.path = file;
  study.name = reader.cases.front().reading.experiment.name;
  study.text = reader.text();
  study.variants = reader.variants();
  study.swept = reader.swept;
  study.points = reader.cases.size() / study.variants.size();
  study.seeds = reader.seeds;
  study.vary_split = reader.vary_split;
  study.against = reader.against;
  study.select = reader.select;
  study.warnings = reader.warnings();
  const std::size_t digits = std::to_string(*std::ranges::max_element(reader.seeds)).size();
  for (const auto& one : reader.cases) add_trials(one, reader, digits, study.trials);
  return study;
}

std::vector<std::pair<std::string, std::string>> resolved_keys(const std::string& yaml) {
  Sources sources;
  Problems problems(sources);
  const auto root = parse_yaml(sources, sources.add("the stored experiment", {}, yaml), problems);
  problems.raise();
  std::vector<ResolvedKey> keys;
  if (root) flatten(*root, "", sources, keys);
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& key : keys) out.emplace_back(std::move(key.key), std::move(key.value));
  return out;
}

std::vector<ResolvedKey> resolve_keys(const std::filesystem::path& file, const Vocabulary& vocabulary, const Overrides& overrides) {
  const StudyReader reader(file, vocabulary, overrides);
  const auto& first = reader.cases.front();
  std::vector<ResolvedKey> out;
  Node tree = first.reading.tree;
  if (!tree.find("name")) set_scalar(tree, "name", first.reading.experiment.name, true);
  flatten(tree, "", reader.sources(), out);
  std::vector<std::string> seeds;
  for (const auto seed : reader.seeds) seeds.push_back(std::to_string(seed));
  out.push_back({"repeat.seeds", "[" + join(seeds, ", ") + "]", overrides.seeds ? "--seeds" : reader.sources().origin(reader.seeds_at)});
  out.push_back({"repeat.vary", reader.vary_split ? "[split]" : "[]", reader.sources().origin(reader.vary_at)});
  if (!first.variant.empty()) out.push_back({"compare.against", reader.against, reader.sources().origin(reader.against_at)});
  if (!reader.swept.empty()) out.push_back({"compare.select", reader.select, reader.sources().origin(reader.select_at)});
  return out;
}

}  // namespace lehr::spec
