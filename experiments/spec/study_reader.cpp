#include "experiments/spec/study_reader.h"

#include <algorithm>

#include "experiments/spec/emit.h"

namespace lehr::spec {

namespace {
constexpr std::int64_t max_seeds = 10'000;
constexpr std::size_t max_trials = 10'000, max_variants = 256, max_resolved = std::size_t{1} << 28;

constexpr const char* name_rule = " becomes a folder: use up to 64 letters, digits and . _ + - =, not starting with . or -";
bool good_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("._+-=").find(c) != std::string_view::npos;
  });
}

std::vector<std::string> names_of(const std::vector<StudyReader::Variant>& variants) {
  std::vector<std::string> names;
  for (const auto& variant : variants) names.push_back(variant.name);
  return names;
}
std::string no_variant(const std::string& name, const std::vector<std::string>& names) {
  if (names.front().empty()) return cat("there is no variant ", quote(name), ": the file has no variants");
  const std::string hint = did_you_mean(name, names);
  return cat("no variant is called ", quote(name), hint, hint.empty() ? "; known: " : " Known: ", join(names, ", "));
}
}  // namespace

StudyReader::StudyReader(std::filesystem::path file, const Vocabulary& vocabulary, const Overrides& overrides)
    : file_(std::move(file)), schema_(vocabulary), overrides_(overrides), sources_(std::make_shared<Sources>()), problems_(*sources_) {
  root_ = load_layers(file_, schema_, *sources_, problems_);
  apply_arguments();
  read_variants();
  read_repeat();
  read_compare();
  for (Variant& variant : variants) read(variant);
  report_missing();
  select();
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
    if (problems_.full() || variants.size() >= max_variants) break;
    if (!good_name(entry.key)) problems_.error(entry.at, "the variant name ", quote(entry.key), name_rule);
    Variant variant{entry.key, make_mapping(), {}};
    if (entry.value.is_mapping())
      variant.patch = patch_of(entry);
    else
      problems_.error(entry.value.at, "a variant must be a mapping such as {lr: 0.1}, not ", kind_name(entry.value));
    variants.push_back(std::move(variant));
  }
  if (variants.empty()) variants.push_back({});
}

Node StudyReader::patch_of(const Entry& entry) {
  Node patch = normalised(entry.value, true, schema_, problems_);
  for (const Entry& key : patch.entries) {
    const Key* row = schema_.find(key.key);
    if ((row && row->study) || key.key == "seed" || key.key == "name")
      problems_.error(key.at, quote(key.key), " speaks of all variants: it cannot stand in one of them");
  }
  stamp(patch, sources_->label("variant " + entry.key));
  return patch;
}

void StudyReader::read(Variant& variant) {
  Node tree = root_;
  merge(tree, variant.patch, schema_);
  merge(tree, arguments_, schema_);
  variant.reading = read_experiment(tree, schema_, *sources_, problems_);
  Experiment& e = variant.reading.experiment;
  e.path = file_;
  if (const Entry* name = variant.reading.tree.find("name")) {
    if (!good_name(e.name)) problems_.error(name->value.at, "the name ", quote(e.name), name_rule);
  } else {
    e.name = file_.stem().string();
  }
  auto places = std::make_shared<Places>();
  places->sources = sources_;
  places->at = variant.reading.places;
  e.places = places;
}

// One problem a key, naming the variants that lack it unless all do.
void StudyReader::report_missing() {
  std::vector<Missing> keys;
  for (const Variant& variant : variants)
    for (const Missing& missing : variant.reading.missing)
      if (std::ranges::count(keys, missing.key, &Missing::key) == 0) keys.push_back(missing);
  for (const Missing& missing : keys) {
    std::vector<std::string> lacking;
    for (const Variant& variant : variants)
      if (std::ranges::count(variant.reading.missing, missing.key, &Missing::key) > 0) lacking.push_back(quote(variant.name));
    const bool all = lacking.size() == variants.size();
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
    const auto names = names_of(variants);
    if (entry.key != "against")
      unknown_key(entry, "compare", "", schema_, problems_);
    else if (!value.is_scalar())
      problems_.error(value.at, "compare.against must be the name of a variant, not ", kind_name(value));
    else if (names.front().empty() || std::ranges::count(names, value.scalar) == 0)
      problems_.error(value.at, no_variant(value.scalar, names));
    else
      against = value.scalar, against_at = value.at;
  }
}

void StudyReader::select() {
  if (overrides_.only) {
    const auto names = names_of(variants);
    std::erase_if(variants, [&](const Variant& v) { return v.name != *overrides_.only || v.name.empty(); });
    if (variants.empty()) return problems_.error({}, "--only: ", no_variant(*overrides_.only, names));
  }
  if (std::ranges::count(variants, against, &Variant::name) == 0) against = variants.front().name;
}

void StudyReader::limit() {
  const std::size_t trials = variants.size() * seeds.size();
  if (trials > max_trials)
    return problems_.error(seeds_at, variants.size(), " variants x ", seeds.size(), " seeds are ", trials, " trials: ", max_trials, " are allowed");
  std::size_t bytes = 0;
  for (const Variant& variant : variants) bytes += emit(variant.reading.tree).size();
  if (bytes * seeds.size() > max_resolved)
    problems_.error(seeds_at, "the resolved files of ", trials, " trials would take more than ", max_resolved >> 20, " MB");
}

}  // namespace lehr::spec
