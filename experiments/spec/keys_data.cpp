#include "engine/data/scalers.h"
#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
using Encode = TableSpec::Encode;
using Impute = TableSpec::Impute;
using Take = SplitOptions::Take;

constexpr Choice<char> delimiters[] = {{',', "comma"}, {'\t', "tab"}, {';', "semicolon"}, {' ', "space"}, {'|', "pipe"}};
constexpr Choice<Encode> encodings[] = {{Encode::one_hot, "one_hot", "a 0/1 column for each name"},
                                        {Encode::code, "code", "the index of the name, as an integer: for embeddings"}};
constexpr Choice<Impute> imputations[] = {{Impute::error, "error", "nothing: a missing value is an error that names row and column"},
                                          {Impute::mean, "mean", "mean of the training rows"},
                                          {Impute::median, "median", "median of the training rows"},
                                          {Impute::zero, "zero", "0, before scaling"}};
constexpr Choice<Take> takes[] = {{Take::tail, "tail", "the last rows of the file, unshuffled, as Keras' validation_split does"},
                                  {Take::random, "random", "rows drawn with split.seed"},
                                  {Take::stratified, "stratified", "drawn so that every part has the class balance of the whole"}};

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
                  .set = [](Experiment& e, const Value& v) { e.data.table.target = v.text; }});
  keys.push_back({.path = "data.target.classes",
                  .type = Type::texts,
                  .doc = "The class names in the order of the model's outputs; a binary model answers the probability of the second.",
                  .absent = "the labels of the model, else found in the data where the loss needs classes",
                  .example = "[b, g]",
                  .set = [](Experiment& e, const Value& v) { e.data.table.classes = v.texts; }});
}

void add_split_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.split", .type = Type::mapping, .doc = "Rows kept from training.", .example = "{validation: 33%, take: tail}"});
  keys.push_back({.path = "data.split.validation",
                  .type = Type::portion,
                  .doc = "Rows that every evaluation measures.",
                  .fallback = "0%",
                  .example = "33% or 40 rows",
                  .set = [](Experiment& e, const Value& v) { e.data.split.validation = v.portion.fraction, e.data.split.validation_rows = v.portion.rows; }});
  keys.push_back({.path = "data.split.test",
                  .type = Type::portion,
                  .doc = "Rows that are measured once, after training.",
                  .fallback = "0%",
                  .example = "10% or 40 rows",
                  .set = [](Experiment& e, const Value& v) { e.data.split.test = v.portion.fraction, e.data.split.test_rows = v.portion.rows; }});
  keys.push_back(choosing({.path = "data.split.take", .doc = "Which rows are kept from training.", .fallback = "random"}, takes,
                          [](Experiment& e, Take take) { e.data.split.take = take; }));
  keys.push_back({.path = "data.split.seed",
                  .type = Type::integer,
                  .doc = "Seed of the split. It stays the same for all repeats, unless repeat.vary names the split.",
                  .fallback = "0",
                  .low = 0,
                  .set = [](Experiment& e, const Value& v) { e.data.split.seed = static_cast<std::uint64_t>(v.integer); }});
}

// A scaler is a value of data.scale, or a key below it where it takes a number.
void add_scale_keys(std::vector<Key>& keys) {
  Key scale{.path = "data.scale",
            .type = Type::choice,
            .doc = "Scaling of numeric features, fitted on training rows only.",
            .fallback = "none",
            .example = "standard, or {divide: 255}",
            .set = [](Experiment& e, const Value& v) {
              for (const ScalerRow& row : standard_scalers())
                if (v.text == row.name) e.data.table.scale = row.scale;
            }};
  for (const ScalerRow& row : standard_scalers())
    if (!row.number) scale.values.push_back(row.name), scale.docs.push_back(row.doc);
  keys.push_back(scale);
  for (const ScalerRow& row : standard_scalers())
    if (row.number)
      keys.push_back({.path = cat("data.scale.", row.name),
                      .type = Type::number,
                      .doc = row.doc,
                      .example = "255",
                      .low = 0,
                      .above = true,
                      .set = [&row](Experiment& e, const Value& v) { e.data.table.scale = row.scale, e.data.table.*row.number = v.number; }});
}

void add_column_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.columns",
                  .type = Type::texts,
                  .doc = "The feature columns to use, by name or index, in this order.",
                  .absent = "all but the target",
                  .example = "[age, income]",
                  .set = [](Experiment& e, const Value& v) { e.data.table.columns = v.texts; }});
  keys.push_back(
      {.path = "data.drop", .type = Type::texts, .doc = "Columns that are not features.", .example = "[id]", .set = [](Experiment& e, const Value& v) {
         e.data.table.drop = v.texts;
       }});
  keys.push_back({.path = "data.categorical",
                  .type = Type::texts,
                  .doc = "Columns whose values are names, not numbers.",
                  .example = "[city]",
                  .set = [](Experiment& e, const Value& v) { e.data.table.categorical = v.texts; }});
  keys.push_back(choosing({.path = "data.encode", .doc = "What the model sees of a categorical column.", .fallback = "one_hot"}, encodings,
                          [](Experiment& e, Encode encode) { e.data.table.encode = encode; }));
  keys.push_back({.path = "data.inputs",
                  .type = Type::columns,
                  .doc = "For a model with several inputs: the columns of each, by the input's name.",
                  .example = "{numbers: [age, income], city: [city]}",
                  .set = [](Experiment& e, const Value& v) { e.data.table.inputs = {v.lists.begin(), v.lists.end()}; }});
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
                  .set = [](Experiment& e, const Value& v) { e.data.csv.header = v.boolean; }});
  keys.push_back(choosing({.path = "data.delimiter", .doc = "What stands between two columns.", .absent = "found in the first lines"}, delimiters,
                          [](Experiment& e, char delimiter) { e.data.csv.delimiter = delimiter; }));
  add_target_keys(keys);
  add_column_keys(keys);
  keys.push_back({.path = "data.missing",
                  .type = Type::texts,
                  .doc = "Cells that stand for a missing value.",
                  .fallback = "[\"\", \"?\", NA, nan, NaN]",
                  .set = [](Experiment& e, const Value& v) { e.data.csv.missing = v.texts; }});
  keys.push_back(choosing({.path = "data.impute", .doc = "What replaces a missing value.", .fallback = "error"}, imputations,
                          [](Experiment& e, Impute impute) { e.data.table.impute = impute; }));
  add_scale_keys(keys);
  add_split_keys(keys);
}

}  // namespace lehr::spec
