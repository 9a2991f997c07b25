#include "experiments/spec/study_reader.h"

#include <algorithm>
#include <set>

#include "experiments/spec/emit.h"

namespace lehr::spec {

namespace {
constexpr std::int64_t max_seeds = 10'000;
constexpr std::size_t max_variants = 256, max_resolved = std::size_t{1} << 28;

constexpr const char* name_rule = " becomes a folder: use up to 64 letters, digits and . _ + - =, not starting with . or -";
bool good_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' && std::ranges::all_of(name, in_file_name);
}

// What lies beside the variants' models.
bool of_run_folder(const std::string& name) { return name == "preprocess.json"; }

std::string no_variant(const std::string& name, const std::vector<std::string>& names) {
  if (names.front().empty()) return cat("there is no variant ", quote(name), ": the file has no variants");
  const std::string hint = did_you_mean(name, names);
  return cat("no variant is called ", quote(name), with_known(hint, names));
}
}  // namespace

StudyReader::StudyReader(std::filesystem::path file, const Vocabulary& vocabulary, const Overrides& overrides)
    : file_(std::move(file)), schema_(vocabulary), overrides_(overrides), sources_(std::make_shared<Sources>()), problems_(*sources_) {
  root_ = load_layers(file_, overrides_.text, schema_, *sources_, problems_);
  apply_arguments();
  read_variants();
  read_repeat();
  read_search();
  read_sweep();
  read_compare();
  read_cases();
  report_missing();
  check_name();
  check_select();
  problems_.raise();
  read_folds();
  choose();
  warn_of_variants();
  problems_.raise();
  limit();
  problems_.raise();
}

void StudyReader::apply_arguments() {
  for (const std::string& argument : overrides_.set) {
    const Node patch = argument_patch(argument, schema_, *sources_, problems_);
    for (const Entry& entry : patch.entries) {
      const Key* key = schema_.find(entry.key);
      if (entry.key == "extends") {
        problems_.error(entry.at, "extends belongs into the file: it cannot be set from outside");
        continue;
      }
      Node single = make_mapping(patch.at);
      single.entries.push_back(entry);
      if (key && key->study)
        merge(root_, single, schema_);
      else
        overlay(arguments_, single, schema_);
    }
  }
}

// The value of a key that speaks of all trials; afterwards the root is without it.
Node StudyReader::take(const char* key) {
  Entry* entry = root_.find(key);
  if (!entry) return {};
  Node node = std::move(entry->value);
  root_.erase(key);
  return node;
}

void StudyReader::read_variants() {
  const Node node = take("variants");
  if (!node.is_null() && !node.is_mapping()) problems_.error(node.at, "variants must be a mapping of names to settings, not ", kind_name(node));
  if (node.is_mapping() && node.entries.empty()) problems_.error(node.at, "variants is empty: name one, or leave the key out");
  if (node.entries.size() > max_variants) problems_.error(node.at, node.entries.size(), " variants: ", max_variants, " are allowed");
  for (const Entry& entry : node.entries) {
    if (problems_.full() || variants_.size() >= max_variants) break;
    if (!good_name(entry.key)) problems_.error(entry.at, "the variant name ", quote(entry.key), name_rule);
    if (of_run_folder(entry.key))
      problems_.error(entry.at, "the variant name ", quote(entry.key), " is that of a file in the run folder, where each variant has a folder: give another");
    Variant variant{entry.key};
    if (entry.value.is_mapping())
      variant.patch = patch_of(entry);
    else
      problems_.error(entry.value.at, "a variant must be a mapping such as {lr: 0.1}, not ", kind_name(entry.value));
    variants_.push_back(std::move(variant));
  }
  if (variants_.empty()) variants_.push_back({});
}

std::vector<std::string> StudyReader::variants() const {
  std::vector<std::string> out;
  for (const Case& one : cases)
    if (out.empty() || out.back() != one.variant) out.push_back(one.variant);
  return out;
}

Node StudyReader::patch_of(const Entry& entry) {
  Node patch = normalised(entry.value, true, schema_, problems_);
  for (const Entry& key : patch.entries) {
    const Key* row = schema_.find(key.key);
    if (row && !row->varies())
      problems_.error(key.at, quote(key.key), " speaks of all variants: it cannot stand in one of them");
  }
  stamp(patch, sources_->label("variant " + entry.key));
  return patch;
}

// One problem a key, naming the variants that lack it unless all do.
void StudyReader::report_missing() {
  std::vector<Missing> keys;
  for (const Case& one : cases)
    for (const Missing& missing : one.reading.missing)
      if (std::ranges::count(keys, missing.key, &Missing::key) == 0) keys.push_back(missing);
  for (const Missing& missing : keys) {
    std::vector<std::string> lacking;
    for (const Case& one : cases)
      if (std::ranges::count(one.reading.missing, missing.key, &Missing::key) > 0 && (lacking.empty() || lacking.back() != quote(one.variant)))
        lacking.push_back(quote(one.variant));
    const bool all = lacking.size() == variants_.size();
    problems_.error(missing.at, quote(missing.key), " is missing",
                    all                   ? ""
                    : lacking.size() == 1 ? " in variant "
                                          : " in the variants ",
                    all ? "" : join(lacking, ", "), missing.example);
  }
}

void StudyReader::read_repeat() {
  const Node node = take("repeat");
  std::uint64_t first = 0;
  for (const Node* layer : {&root_, &arguments_})
    if (const Entry* seed = layer->find("seed"); seed && seed->value.is_scalar())
      if (const auto read = read_integer(seed->value.scalar); read && read.value >= 0) first = static_cast<std::uint64_t>(read.value);
  std::int64_t count = 1;
  if (!node.is_null() && !node.is_mapping()) problems_.error(node.at, "repeat must be a mapping such as {seeds: 30}, not ", kind_name(node));
  for (const Entry& entry : node.entries) {
    if (entry.key == "seeds") {
      read_seeds(entry.value, count);
    } else if (entry.key == "vary") {
      Node ignored;
      const auto value = ValueReader(schema_, *sources_, problems_).read(*schema_.find("repeat.vary"), entry.value, ignored);
      vary_split = value && !value->texts.empty();
      vary_at = entry.value.at;
    } else {
      unknown_key(entry, "repeat", "", schema_, problems_);
    }
  }
  if (overrides_.seeds) {
    if (*overrides_.seeds < 1 || *overrides_.seeds > max_seeds)
      problems_.error({}, "--seeds must be in [1, ", max_seeds, "], not ", *overrides_.seeds);
    else
      seeds.clear(), count = *overrides_.seeds;
  }
  if (seeds.empty())
    for (std::int64_t i = 0; i < count; ++i) seeds.push_back(first + static_cast<std::uint64_t>(i));
}

// A count goes to `count`, a list to `seeds`.
void StudyReader::read_seeds(const Node& node, std::int64_t& count) {
  seeds_at = node.at;
  constexpr const char* wanted = "repeat.seeds must be a number of seeds or a list of them";
  if (node.is_scalar()) {
    const auto read = node.quoted ? Read<std::int64_t>{0, "not a quoted text"} : read_integer(node.scalar);
    if (!read)
      problems_.error(node.at, wanted, ", ", read.why);
    else if (read.value < 1 || read.value > max_seeds)
      problems_.error(node.at, "repeat.seeds must be in [1, ", max_seeds, "], not ", read.value);
    else
      count = read.value;
    return;
  }
  if (!node.is_list() || node.items.empty() || node.items.size() > static_cast<std::size_t>(max_seeds))
    return problems_.error(node.at, wanted, ", not ", node.is_list() ? cat("a list of ", node.items.size()) : kind_name(node));
  std::set<std::int64_t> seen;
  for (const Node& item : node.items) {
    const auto read =
        item.is_scalar() && !item.quoted ? read_integer(item.scalar) : Read<std::int64_t>{0, item.quoted ? "not a quoted text" : cat("not ", kind_name(item))};
    if (!read || read.value < 0)
      problems_.error(item.at, "a seed must be a whole number at least 0, ", read ? cat("not ", read.value) : read.why);
    else if (!seen.insert(read.value).second)
      problems_.error(item.at, "the seed ", read.value, " is listed twice");
    else
      seeds.push_back(static_cast<std::uint64_t>(read.value));
  }
}

void StudyReader::read_compare() {
  const Node node = take("compare");
  if (!node.is_null() && !node.is_mapping()) problems_.error(node.at, "compare must be a mapping such as {against: constant}, not ", kind_name(node));
  for (const Entry& entry : node.entries) {
    const Node& value = entry.value;
    std::vector<std::string> names;
    for (const Variant& variant : variants_) names.push_back(variant.name);
    if (entry.key == "select" && value.is_scalar())
      select = value.scalar, select_at = value.at;
    else if (entry.key == "select")
      problems_.error(value.at, "compare.select must be val_loss or val_ with a metric, not ", kind_name(value));
    else if (entry.key != "against")
      unknown_key(entry, "compare", "", schema_, problems_);
    else if (!value.is_scalar())
      problems_.error(value.at, "compare.against must be the name of a variant, not ", kind_name(value));
    else if (names.front().empty() || std::ranges::count(names, value.scalar) == 0)
      problems_.error(value.at, no_variant(value.scalar, names));
    else
      against = value.scalar, against_at = value.at;
  }
}

void StudyReader::check_name() {
  const Reading& reading = cases.front().reading;
  if (const Entry* name = reading.tree.find("name"); name && !good_name(reading.experiment.name))
    problems_.error(name->value.at, "the name ", quote(reading.experiment.name), name_rule);
}

void StudyReader::check_select() {
  const Experiment& e = cases.front().reading.experiment;
  std::vector<std::string> known{"val_loss"};
  for (const std::string& metric : e.metrics) known.push_back("val_" + metric);
  if (std::ranges::all_of(cases, [](const Case& one) { return one.reading.experiment.average.has_value(); }))
    for (std::size_t i = 0, count = known.size(); i < count; ++i) known.push_back("avg_" + known[i]);
  if (select.empty()) {
    select = known[e.metrics.empty() ? 0 : 1];
  } else if (select.starts_with("test_") || select.starts_with("avg_test_")) {
    problems_.error(select_at, "compare.select: the test rows are never looked at for choosing; there are ", join(known, ", "));
  } else if (std::ranges::count(known, select) == 0) {
    const std::string hint = did_you_mean(select, known);
    problems_.error(select_at, "compare.select: ", quote(select), " is not measured", hint, hint.empty() ? "; there are " : " There are ", join(known, ", "));
  } else if (dimensions_.empty()) {
    problems_.warning(select_at, "compare.select chooses among the values of a sweep: there is none here");
  }
  for (const Case& one : cases)
    if (!dimensions_.empty() && !one.reading.experiment.data.validates())
      problems_.error(sweep_at_, "a sweep chooses by the validation rows, and data.split.validation keeps none: give it 20%, say");
}

// What --only says of variant and point; a fold that it names is chosen.
std::string StudyReader::without_fold(const std::string& wanted) {
  if (!folds) return wanted;
  const std::size_t slash = wanted.rfind('/');
  const std::string last = slash == std::string::npos ? wanted : wanted.substr(slash + 1);
  const auto it = std::ranges::find(folds->levels, last, &Axis::Level::name);
  if (it == folds->levels.end()) return wanted;
  only_fold = static_cast<std::size_t>(it - folds->levels.begin());
  return slash == std::string::npos ? "" : wanted.substr(0, slash);
}

void StudyReader::choose() {
  if (overrides_.only) {
    const std::string wanted = without_fold(*overrides_.only);
    if (wanted.empty() && only_fold) return;
    const std::string variant = variants_.front().name.empty() ? "" : wanted.substr(0, wanted.find('/'));
    const auto names = variants();
    std::vector<std::string> folders;
    for (const Case& one : cases)
      if (one.variant == variant) folders.push_back(one.folder());
    std::erase_if(cases, [&](const Case& one) { return wanted.empty() || !(one.folder() + "/").starts_with(wanted + "/"); });
    if (cases.empty()) {
      const bool no_such_variant = folders.empty() || (variant.empty() && swept.empty());
      if (no_such_variant) return problems_.error({}, "--only: ", no_variant(wanted.substr(0, wanted.find('/')), names));
      const std::string hint = did_you_mean(wanted, folders);
      folders.resize(std::min<std::size_t>(folders.size(), 12));
      return problems_.error({}, "--only: no trials are called ", quote(wanted), hint, hint.empty() ? "; there are " : " There are ", join(folders, ", "));
    }
  }
  if (std::ranges::count(cases, against, &Case::variant) == 0) against = cases.front().variant;
}

// The folds of the data; a column's values are looked up in it.
void StudyReader::read_folds() {
  const Experiment& e = cases.front().reading.experiment;
  if (!e.data.split.fold) return;
  const FoldOptions& fold = *e.data.split.fold;
  for (const Case& one : cases)
    if (const Experiment& other = one.reading.experiment; other.data.split.validates() != e.data.split.validates())
      throw Error(other.located(other.data.split.validates() ? "data.split.validation" : "data.split",
                                cat("data.split.validation keeps rows apart in ", quote((other.data.split.validates() ? one : cases.front()).folder()), " and none in ",
                                    quote((other.data.split.validates() ? cases.front() : one).folder()),
                                    ": with folds it decides which rows a fold scores, so it is for all or for none")));
  Axis axis{Axis::Role::fold, {"fold"}, {}, true, e.data.split.validates()};
  if (e.fold_repeats > 1) axis.keys = {"repeat", "fold"};
  const auto digits = [](std::int64_t most, std::int64_t number) {
    const std::string text = std::to_string(number);
    return std::string(std::to_string(most).size() - text.size(), '0') + text;
  };
  if (fold.column.empty()) {
    if (fold.k * e.fold_repeats > static_cast<std::int64_t>(max_trials)) {
      problems_.error({}, "folds: ", e.fold_repeats, " dealings into ", fold.k, " folds are ", fold.k * e.fold_repeats, " trials: ", max_trials, " are allowed");
      return;
    }
    for (std::int64_t r = 0; r < e.fold_repeats; ++r)
      for (std::int64_t f = 0; f < fold.k; ++f) {
        Axis::Level& level = axis.levels.emplace_back(Axis::Level{{cat(f + 1)}, "fold-" + digits(fold.k, f + 1)});
        if (e.fold_repeats > 1) level = {{cat(r + 1), cat(f + 1)}, cat("fold-", digits(e.fold_repeats, r + 1), ".", digits(fold.k, f + 1))};
      }
  } else {
    if (!e.fold_only.empty())
      axis.levels.push_back({{e.fold_only}, folder_of(fold.column, e.fold_only, 0)});
    else
      for (const std::string& value : schema_.vocabulary().fold_values(e)) axis.levels.push_back({{value}, folder_of(fold.column, value, axis.levels.size())});
  }
  if (!e.fold_only.empty()) {
    std::vector<std::string> names;
    for (const auto& level : axis.levels) names.push_back(join(level.values, "."));
    const auto it = std::ranges::find(names, e.fold_only);
    if (it == names.end()) throw Error(e.located("folds.only", cat("folds.only: there is no fold ", quote(e.fold_only), ", there are ", names.front(), " to ", names.back())));
    only_fold = static_cast<std::size_t>(it - names.begin());
  }
  if (vary_split) return problems_.error(vary_at, "repeat.vary: [split] and folds exclude each other: folds.repeat deals the rows anew");
  folds = std::move(axis);
}

void StudyReader::limit() {
  const std::size_t each = seeds.size() * (folds ? folds->levels.size() : 1);
  const std::size_t trials = cases.size() * each, count = variants().size();
  const At& at = dimensions_.empty() ? seeds_at : sweep_at_;
  if (trials > max_trials)
    return problems_.error(at, count, count == 1 ? " variant x " : " variants x ", dimensions_.empty() ? "" : cat(cases.size() / count, " points x "), seeds.size(),
                           " seeds", folds ? cat(" x ", folds->levels.size(), " folds") : "", " are ", trials, " trials: ", max_trials, " are allowed");
  std::size_t bytes = 0;
  for (const Case& one : cases) bytes += emit(one.reading.tree).size();
  if (bytes * each > max_resolved) problems_.error(at, "the resolved files of ", trials, " trials would take more than ", max_resolved >> 20, " MB");
}

}  // namespace lehr::spec
