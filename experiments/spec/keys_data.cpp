#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
const std::vector<std::pair<std::string, char>>& delimiters() {
  static const std::vector<std::pair<std::string, char>> names = {{"comma", ','}, {"tab", '\t'}, {"semicolon", ';'}, {"space", ' '}, {"pipe", '|'}};
  return names;
}
char delimiter(const std::string& name) {
  for (const auto& [known, character] : delimiters())
    if (name == known) return character;
  return ',';
}
DataSpec::Impute impute(const std::string& name) {
  using Impute = DataSpec::Impute;
  return name == "mean" ? Impute::mean : name == "median" ? Impute::median : name == "zero" ? Impute::zero : Impute::error;
}
DataSpec::Scale scale(const std::string& name) {
  using Scale = DataSpec::Scale;
  return name == "standard" ? Scale::standard : name == "minmax" ? Scale::minmax : name == "divide" ? Scale::divide : Scale::none;
}

void add_target_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.target",
                  .type = Type::mapping,
                  .doc = "What is predicted. A bare name or index stands for {column: …}.",
                  .example = "{column: -1, classes: [b, g]}",
                  .shorthand = "column"});
  keys.push_back({.path = "data.target.column",
                  .type = Type::text,
                  .doc = "Name of the target column, or its index: 0 is the first, -1 the last.",
                  .fallback = "-1",
                  .set = [](Experiment& e, const Value& v) { e.data.target.column = v.text; }});
  keys.push_back({.path = "data.target.classes",
                  .type = Type::texts,
                  .doc = "The class names in the order of the model's outputs; a binary model answers the probability of the second.",
                  .absent = "the labels of the model, else found in the data where the loss needs classes",
                  .example = "[b, g]",
                  .set = [](Experiment& e, const Value& v) { e.data.target.classes = v.texts; }});
}

void add_split_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.split", .type = Type::mapping, .doc = "Rows kept from training.", .example = "{validation: 33%, take: tail}"});
  keys.push_back({.path = "data.split.validation",
                  .type = Type::portion,
                  .doc = "Rows that every evaluation measures.",
                  .fallback = "0%",
                  .example = "33% or 40 rows",
                  .set = [](Experiment& e, const Value& v) { e.data.validation = v.portion.fraction, e.data.validation_rows = v.portion.rows; }});
  keys.push_back({.path = "data.split.test",
                  .type = Type::portion,
                  .doc = "Rows that are measured once, after training.",
                  .fallback = "0%",
                  .example = "10% or 40 rows",
                  .set = [](Experiment& e, const Value& v) { e.data.test = v.portion.fraction, e.data.test_rows = v.portion.rows; }});
  keys.push_back({.path = "data.split.take",
                  .type = Type::choice,
                  .doc = "Which rows are kept from training.",
                  .fallback = "random",
                  .values = {"tail", "random", "stratified"},
                  .docs = {"the last rows of the file, unshuffled, as Keras' validation_split does", "rows drawn with split.seed",
                           "drawn so that every part has the class balance of the whole"},
                  .set = [](Experiment& e, const Value& v) { e.data.take = v.text; }});
  keys.push_back({.path = "data.split.seed",
                  .type = Type::integer,
                  .doc = "Seed of the split. It stays the same for all repeats, unless repeat.vary names the split.",
                  .fallback = "0",
                  .low = 0,
                  .set = [](Experiment& e, const Value& v) { e.data.split_seed = static_cast<std::uint64_t>(v.integer); }});
}

void add_column_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.columns",
                  .type = Type::texts,
                  .doc = "The feature columns to use, by name or index, in this order.",
                  .absent = "all but the target",
                  .example = "[age, income]",
                  .set = [](Experiment& e, const Value& v) { e.data.columns = v.texts; }});
  keys.push_back(
      {.path = "data.drop", .type = Type::texts, .doc = "Columns that are not features.", .example = "[id]", .set = [](Experiment& e, const Value& v) {
         e.data.drop = v.texts;
       }});
  keys.push_back({.path = "data.categorical",
                  .type = Type::texts,
                  .doc = "Columns whose values are names, not numbers.",
                  .example = "[city]",
                  .set = [](Experiment& e, const Value& v) { e.data.categorical = v.texts; }});
  keys.push_back({.path = "data.encode",
                  .type = Type::choice,
                  .doc = "What the model sees of a categorical column.",
                  .fallback = "one_hot",
                  .values = {"one_hot", "code"},
                  .docs = {"a 0/1 column for each name", "the index of the name, as an integer: for embeddings"},
                  .set = [](Experiment& e, const Value& v) { e.data.encode = v.text; }});
  keys.push_back({.path = "data.inputs",
                  .type = Type::columns,
                  .doc = "For a model with several inputs: the columns of each, by the input's name.",
                  .example = "{numbers: [age, income], city: [city]}",
                  .set = [](Experiment& e, const Value& v) { e.data.inputs = v.lists; }});
}
}  // namespace

void add_data_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data",
                  .type = Type::mapping,
                  .doc = "The table the network learns from. A bare file name stands for {file: …}.",
                  .example = "{file: iris.csv, target: species, split: {validation: 20%}}",
                  .required = true,
                  .shorthand = "file"});
  keys.push_back({.path = "data.file",
                  .type = Type::path,
                  .doc = "A CSV or TSV file, gzip too, relative to the file that states it.",
                  .example = "ionosphere.csv",
                  .required = true,
                  .set = [](Experiment& e, const Value& v) { e.data.file = v.path, e.data.file_as_written = v.text; }});
  keys.push_back({.path = "data.header",
                  .type = Type::boolean,
                  .doc = "Does the first line name the columns?",
                  .absent = "found: a first line without numbers is a header",
                  .set = [](Experiment& e, const Value& v) { e.data.header = v.boolean; }});
  Key delimiter_key{.path = "data.delimiter",
                    .type = Type::choice,
                    .doc = "What stands between two columns.",
                    .absent = "found in the first lines",
                    .set = [](Experiment& e, const Value& v) { e.data.delimiter = delimiter(v.text); }};
  for (const auto& [name, character] : delimiters()) delimiter_key.values.push_back(name);
  keys.push_back(delimiter_key);
  add_target_keys(keys);
  add_column_keys(keys);
  keys.push_back({.path = "data.missing",
                  .type = Type::texts,
                  .doc = "Cells that stand for a missing value.",
                  .fallback = "[\"\", \"?\", NA, nan, NaN]",
                  .set = [](Experiment& e, const Value& v) { e.data.missing = v.texts; }});
  keys.push_back({.path = "data.impute",
                  .type = Type::choice,
                  .doc = "What replaces a missing value.",
                  .fallback = "error",
                  .values = {"error", "mean", "median", "zero"},
                  .docs = {"nothing: a missing value is an error that names row and column", "mean of the training rows", "median of the training rows",
                           "0, before scaling"},
                  .set = [](Experiment& e, const Value& v) { e.data.impute = impute(v.text); }});
  keys.push_back({.path = "data.scale",
                  .type = Type::choice,
                  .doc = "Scaling of numeric features, fitted on training rows only.",
                  .fallback = "none",
                  .example = "standard, or {divide: 255}",
                  .values = {"none", "standard", "minmax"},
                  .docs = {"values as they are", "mean 0, deviation 1", "from 0 to 1"},
                  .set = [](Experiment& e, const Value& v) { e.data.scale = scale(v.text); }});
  keys.push_back({.path = "data.scale.divide",
                  .type = Type::number,
                  .doc = "Every value is divided by this number.",
                  .example = "255",
                  .low = 0,
                  .above = true,
                  .set = [](Experiment& e, const Value& v) { e.data.scale = DataSpec::Scale::divide, e.data.divide = v.number; }});
  add_split_keys(keys);
}

}  // namespace lehr::spec
