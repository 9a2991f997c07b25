#include <algorithm>
#include <string_view>
#include <tuple>

#include "experiments/spec/reader.h"
#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
// The rows that files of their own hold.
void add_part_keys(std::vector<Key>& keys, const char* part, const char* doc, ArrayNames ArraysSpec::*of) {
  const std::string path = cat("data.", part);
  keys.push_back({.path = path, .type = Type::mapping, .doc = doc, .example = "{inputs: t10k-images.npy, target: t10k-labels.npy}", .apart = true});
  keys.push_back({.path = path + ".inputs",
                  .type = Type::arrays,
                  .doc = "The array, or one for each input of the model, as data.inputs.",
                  .example = "t10k-images.npy",
                  .required = true,
                  .set = [of](Experiment& e, const Value& v) { (e.data.arrays.*of).inputs = v.arrays; }});
  keys.push_back({.path = path + ".target",
                  .type = Type::path,
                  .doc = "The array of the target.",
                  .absent = "no target, where data has none",
                  .example = "t10k-labels.npy",
                  .set = [of](Experiment& e, const Value& v) { (e.data.arrays.*of).target = v.path; }});
  keys.push_back({.path = path + ".row_weight",
                  .type = Type::path,
                  .doc = "The array of the row weights.",
                  .absent = "none, where data has none",
                  .example = "t10k-weights.npy",
                  .set = [of](Experiment& e, const Value& v) { (e.data.arrays.*of).row_weight = v.path; }});
}

// Keys that speak of columns.
constexpr const char* of_tables[] = {"data.test_file", "data.header",         "data.delimiter",    "data.columns",   "data.drop",          "data.categorical",
                                     "data.encode",         "data.missing",      "data.impute",    "data.target.column", "data.target.columns",
                                     "data.target.missing", "data.row_weight.column"};
}  // namespace

void add_array_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.target.array",
                  .type = Type::path,
                  .doc = "The array of the target: whole numbers, or one-hot rows, for a loss over classes; rows of 0 and 1 for binary_crossentropy of "
                         "several labels; else numbers, several a row too.",
                  .absent = "a column of the table",
                  .example = "labels.npy",
                  .set = [](Experiment& e, const Value& v) { e.data.arrays.all.target = v.path; }});
  keys.push_back({.path = "data.row_weight.array",
                  .type = Type::path,
                  .doc = "The array of the weights, one number a row.",
                  .absent = "a column of the table",
                  .example = "weights.npy, or train.npz:weight",
                  .set = [](Experiment& e, const Value& v) { e.data.arrays.all.row_weight = v.path; }});
  add_part_keys(keys, "validation", "Arrays that every evaluation measures, in files of their own.", &ArraysSpec::validation);
  add_part_keys(keys, "test", "Arrays that are measured once, after training, in files of their own.", &ArraysSpec::test);
}

void move_array_target(Node& root) {
  Entry* data = root.find("data");
  const Entry* inputs = data ? data->value.find("inputs") : nullptr;
  Entry* target = data ? data->value.find("target") : nullptr;
  Entry* weight = data ? data->value.find("row_weight") : nullptr;
  if (data && data->value.find("file") && !data->value.find("file")->value.is_null() && inputs && inputs->value.is_mapping()) {  // a bare name is a column
    for (Entry& e : data->value.find("inputs")->value.entries)
      if (e.value.is_scalar()) {
        Node list;
        list.kind = Node::Kind::list;
        list.at = e.value.at;
        list.items.push_back(e.value);
        e.value = std::move(list);
      }
  }
  if (!inputs || data->value.find("file")) return;
  const bool arrays = inputs->value.is_scalar() || std::ranges::any_of(inputs->value.entries, [](const Entry& e) { return e.value.is_scalar(); });
  for (Entry* of : {target, weight}) {
    Entry* column = of ? of->value.find("column") : nullptr;
    if (arrays && column && !of->value.find("array")) column->key = "array";
  }
}

void check_arrays(const Reading& reading, Problems& problems) {
  const DataSpec& data = reading.experiment.data;
  const auto at = [&](const std::string& key) {
    const auto it = reading.places.find(key);
    return it == reading.places.end() ? At{} : it->second;
  };
  const auto given = [&](const char* key) { return reading.places.contains(key); };
  if (!data.arrays.given()) {
    if (data.file.empty() && !data.table.inputs.empty())
      problems.error(at("data.inputs"), "data.inputs lists columns: data.file must name the table they are in");
    for (const auto& [key, instead] :
         {std::pair{"data.target.array", "data.target names a column"}, std::pair{"data.row_weight.array", "data.row_weight names a column"},
          std::pair{"data.validation", "data.split keeps rows"}, std::pair{"data.test", "data.split keeps rows"}})
      if (given(key)) problems.error(at(key), key, " is for arrays (data.inputs: images.npy); of a table ", instead);
    return;
  }
  const std::string named = cat("data.inputs names the array ", quote(data.arrays.all.inputs.begin()->second.filename().string()));
  if (!data.table.inputs.empty())
    problems.error(at("data.inputs"), named, " and lists columns: one or the other");
  else if (!data.file.empty())
    problems.error(at("data.inputs"), named, " and data.file a table: columns are a list, {input: [column]}, arrays need no data.file (data.file: null takes ",
                   "away what stands in an outer layer)");
  for (const char* key : of_tables)
    if (given(key)) problems.error(at(key), key, " speaks of columns: it is for tables, not for arrays");
  if (data.arrays.all.target.empty() && !reading.places.contains("data.target.inputs"))
    problems.error(at("data.inputs"), "data.target must name the array of the target, as target: labels.npy");
  for (const auto& [key, part, split] : {std::tuple{"data.validation", &data.arrays.validation, data.split.validation > 0 || data.split.validation_rows > 0},
                                         std::tuple{"data.test", &data.arrays.test, data.split.test > 0 || data.split.test_rows > 0}})
    if (!part->inputs.empty() && split)
      problems.error(at(key), key, " names files of its own, data.split takes such rows from the others as well: one or the other");
}

}  // namespace lehr::spec
