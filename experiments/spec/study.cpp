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

Axis seed_axis(const StudyReader& study) {
  Axis out{Axis::Role::seed, {"seed"}, {}, study.vary_split};
  const std::size_t digits = std::to_string(std::ranges::max(study.seeds)).size();
  for (const std::uint64_t seed : study.seeds) {
    std::string count = std::to_string(seed);
    out.levels.push_back({{count}, "seed-" + std::string(digits - count.size(), '0') + count});
  }
  return out;
}

// Variants and points that some case has, in order of appearance; the first of the levels of each case.
std::vector<Levels> case_axes(const StudyReader& study, Axes& axes) {
  const auto level_of = [](Axis& axis, const Axis::Level& level) {
    const auto at = static_cast<std::size_t>(std::ranges::find(axis.levels, level.values, &Axis::Level::values) - axis.levels.begin());
    if (at == axis.levels.size()) axis.levels.push_back(level);
    return static_cast<std::uint32_t>(at);
  };
  Axis variants{Axis::Role::variant, {"variant"}, {}}, points{Axis::Role::point, study.swept, {}};
  std::vector<Levels> out;
  for (const auto& one : study.cases) {
    Levels& levels = out.emplace_back(Levels{level_of(variants, {{one.variant}, one.variant})});
    if (!study.swept.empty()) levels.push_back(level_of(points, one.point));
  }
  axes.all.push_back(std::move(variants));
  if (!study.swept.empty()) axes.all.push_back(std::move(points));
  return out;
}

// What the trials of a case share: everything but the seed, which stands last.
struct Texts {
  std::string absolute, portable;
};
Texts texts_of(const Node& resolved, const Experiment& experiment, const StudyReader& study, std::uint64_t seed, const Axis::Level* level) {
  Node tree = resolved;
  set_scalar(tree, "name", experiment.name, true);
  tree.erase("seed");
  if (const auto& fold = experiment.data.split.fold; fold && level) {
    Entry* folds = tree.find("folds");
    if (folds) set_scalar(folds->value, "only", join(level->values, "."));
  }
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

// The fold at this position of the axis: k of the first dealing, then k of the second, or a value of the column.
void take_fold(FoldOptions& fold, std::size_t position, const Axis::Level& level) {
  if (!fold.column.empty()) return void(fold.value = level.values.front());
  fold.repeat = static_cast<std::int64_t>(position) / fold.k, fold.index = static_cast<std::int64_t>(position) % fold.k;
}

void add_trials(const StudyReader::Case& one, const StudyReader& study, const Axes& axes, const Levels& first, std::vector<Trial>& trials) {
  if (study.vary_split) check_varies(one.reading.experiment);
  Texts texts;
  std::shared_ptr<const Experiment> experiment;
  std::shared_ptr<const std::string> text;
  for (std::size_t f = 0; f < (study.folds ? study.folds->levels.size() : 1); ++f) {
    if (study.only_fold && f != *study.only_fold) continue;
    const Axis::Level* level = study.folds ? &study.folds->levels[f] : nullptr;
    text = nullptr;
    for (std::size_t s = 0; s < study.seeds.size(); ++s) {
      const std::uint64_t seed = study.seeds[s];
      if (!text || study.vary_split) {
        texts = texts_of(one.reading.tree, one.reading.experiment, study, seed, level);
        text = std::make_shared<const std::string>(std::move(texts.absolute));
        Experiment own = one.reading.experiment;
        if (study.vary_split) own.data.split.seed = seed;
        if (level) take_fold(*own.data.split.fold, f, *level);
        experiment = std::make_shared<const Experiment>(std::move(own));
      }
      Levels levels = first;
      if (level) levels.push_back(study.only_fold ? 0 : static_cast<std::uint32_t>(f));
      levels.push_back(static_cast<std::uint32_t>(s));
      trials.push_back({axes.name(levels), std::move(levels), seed, experiment, text, fingerprint(cat(texts.portable, "seed: ", seed, "\n"))});
    }
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
  study.search = reader.search;
  study.against = reader.against;
  study.select = reader.select;
  study.warnings = reader.warnings();
  const auto firsts = case_axes(reader, study.axes);
  if (reader.folds) {
    study.axes.all.push_back(*reader.folds);
    if (reader.only_fold) study.axes.all.back().levels = {reader.folds->levels[*reader.only_fold]};
  }
  study.axes.all.push_back(seed_axis(reader));
  for (std::size_t i = 0; i < firsts.size(); ++i) add_trials(reader.cases[i], reader, study.axes, firsts[i], study.trials);
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
