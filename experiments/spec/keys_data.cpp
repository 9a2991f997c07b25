#include "engine/data/dates.h"
#include "engine/data/scalers.h"
#include "engine/data/transforms.h"
#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
using As = ColumnRule::As;
using Encode = ColumnRule::Encode;
using Impute = ColumnRule::Impute;
using Unknown = ColumnRule::Unknown;
using Take = SplitOptions::Take;

constexpr Choice<char> delimiters[] = {{',', "comma"}, {'\t', "tab"}, {';', "semicolon"}, {' ', "space"}, {'|', "pipe"}};
constexpr Choice<char> decimals[] = {{'.', "."}, {',', ","}};
constexpr Choice<As> kinds[] = {{As::number, "number", "numbers"},
                                {As::category, "category", "names"},
                                {As::date, "date", "ISO dates or date-times, which become the numbers of `parts`"}};
constexpr Choice<Encode> encodings[] = {{Encode::one_hot, "one_hot", "a 0/1 column for each name"},
                                        {Encode::code, "code", "the index of the name, as an integer: for embeddings"}};
constexpr Choice<Impute> imputations[] = {{Impute::error, "error", "nothing: a missing value is an error that names row and column"},
                                          {Impute::mean, "mean", "mean of the training rows; of names the most frequent"},
                                          {Impute::median, "median", "median of the training rows; of names the most frequent"},
                                          {Impute::zero, "zero", "0, before scaling; of names the most frequent"},
                                          {Impute::most_frequent, "most_frequent",
                                           "the most frequent value of the training rows, of equals the first (the smallest number, the first by bytes)"}};
constexpr Choice<Unknown> unknowns[] = {{Unknown::error, "error", "the row is refused: `predict` leaves it unanswered and says so"},
                                        {Unknown::zeros, "zeros", "no 0/1 column is 1, nor is it where `predict` meets a missing name that nothing fills"},
                                        {Unknown::most_frequent, "most_frequent", "it counts as the most frequent name of the training rows"}};
constexpr Choice<bool> target_scales[] = {
    {false, "none", "the numbers as they are"},
    {true, "standard", "trained at mean 0 and deviation 1 of the training rows; metrics, predictions and written models are in the target's own unit, the loss "
     "is that of the scaled one"}};
constexpr Choice<bool> without_target[] = {{false, "error", "an error that counts them and names lines"}, {true, "drop", "they are left out, and counted"}};
constexpr Choice<Take> takes[] = {{Take::tail, "tail", "the last rows of the file, unshuffled, as Keras' validation_split does"},
                                  {Take::random, "random", "rows drawn with split.seed"},
                                  {Take::stratified, "stratified", "drawn so that every part has the class balance of the whole"}};

void add_target_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.target",
                  .type = Type::mapping,
                  .doc = "What is predicted. A bare name or index stands for {column: …}, with arrays for {array: …}.",
                  .example = "{column: -1, classes: [b, g]}",
                  .shorthand = "column"});
  keys.push_back({.path = "data.target.column",
                  .type = Type::text,
                  .doc = "Name of the target column, or its index: 0 is the first, -1 the last.",
                  .absent = "the last, -1",
                  .example = "price",
                  .set = [](Experiment& e, const Value& v) { e.data.table.targets = {v.text}; }});
  keys.push_back({.path = "data.target.columns",
                  .type = Type::texts,
                  .doc = "Several target columns: a vector of numbers for mse, mae and huber, of 0/1 labels for binary_crossentropy.",
                  .absent = "one column",
                  .example = "[y1, y2, y3]",
                  .set = [](Experiment& e, const Value& v) { e.data.table.targets = v.texts; }});
  keys.push_back({.path = "data.target.inputs",
                  .type = Type::boolean,
                  .doc = "The target is the model's input itself, as it is after preprocessing: for autoencoders.",
                  .absent = "false",
                  .set = [](Experiment& e, const Value& v) { e.data.table.target_inputs = v.boolean; }});
  keys.push_back({.path = "data.target.classes",
                  .type = Type::texts,
                  .doc = "The class names in the order of the model's outputs; a binary model answers the probability of the second.",
                  .absent = "the labels of the model, else found in the data where the loss needs classes",
                  .example = "[b, g]",
                  .set = [](Experiment& e, const Value& v) { e.data.table.classes = v.texts; }});
  keys.push_back({.path = "data.target.ignore",
                  .type = Type::texts,
                  .doc = "Values of the target that are no class: their rows count in no loss and no metric. One that no row has is an error.",
                  .absent = "every value is a class",
                  .example = "[\"-1\", unlabelled]",
                  .set = [](Experiment& e, const Value& v) { e.data.table.ignore = v.texts; }});
  keys.push_back(choosing({.path = "data.target.missing", .doc = "What happens to rows whose target is missing.", .fallback = "error"}, without_target,
                          [](Experiment& e, bool drop) { e.data.table.drop_without_target = drop; }));
  keys.push_back(choosing({.path = "data.target.scale", .doc = "Scaling of a target of numbers.", .fallback = "none"}, target_scales,
                          [](Experiment& e, bool standard) { e.data.table.target_standard = standard; }));
  keys.push_back({.path = "data.row_weight",
                  .type = Type::mapping,
                  .doc = "How much each row counts in the loss, at least 0. A bare name or index stands for {column: …}, with arrays for {array: …}.",
                  .absent = "all rows count the same",
                  .example = "weight",
                  .shorthand = "column"});
  keys.push_back({.path = "data.row_weight.column",
                  .type = Type::text,
                  .doc = "A column of weights. It is no feature.",
                  .absent = "no column",
                  .example = "weight",
                  .set = [](Experiment& e, const Value& v) { e.data.table.row_weight = v.text; }});
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
  keys.push_back({.path = "data.split.group",
                  .type = Type::text,
                  .doc = "A column of the table: rows that have the same value there stay together, so that none of a group is trained on and another measured. A part may have "
                         "more rows than asked for, by less than a group.",
                  .absent = "rows are dealt one by one",
                  .example = "patient",
                  .set = [](Experiment& e, const Value& v) { e.data.split.group = v.text; }});
  keys.push_back({.path = "data.split.order",
                  .type = Type::text,
                  .doc = "A column of the table, a time say: the rows that are last by it are kept from training, test rows behind validation rows. Numbers by size, texts as "
                         "they are spelled (dates as 2024-01-31).",
                  .absent = "as data.split.take says",
                  .example = "date",
                  .set = [](Experiment& e, const Value& v) { e.data.split.order = v.text; }});
}

using SetColumn = std::function<void(ColumnRule&, const Value&)>;

// A setting of columns: of all of them below `data`, of those of one pattern below `data.columns.*`.
Key setting(Key key, const std::string& under, SetColumn set) {
  key.path = cat(under, ".", key.path);
  if (under == "data") key.set = [set](Experiment& e, const Value& v) { set(e.data.table.every, v); };
  else if (!key.fallback.empty()) key.absent = cat("that of data.", key.path.substr(under.size() + 1)), key.fallback.clear();
  key.set_column = std::move(set);
  return key;
}
template <class E, std::size_t n, class Put>
Key setting(Key key, const std::string& under, const Choice<E> (&choices)[n], Put put) {
  return setting(listing(std::move(key), choices), under, [&choices, put](ColumnRule& rule, const Value& v) { put(rule, chosen(choices, v.text)); });
}
// The rows of a table of ours as choices.
template <class Rows>
Key named(Key key, const Rows& rows) {
  for (const auto& row : rows) key.values.push_back(row.name), key.docs.push_back(row.doc);
  return key;
}

// A scaler is a value of `scale`, or a key below it where it takes a number.
void add_scale_keys(std::vector<Key>& keys, const std::string& under) {
  Key scale{.path = "scale",
            .type = Type::choice,
            .doc = "Scaling of numeric features, fitted on training rows only.",
            .fallback = "none",
            .example = "standard, or {divide: 255}"};
  for (const ScalerRow& row : standard_scalers())
    if (!row.number) scale.values.push_back(row.name), scale.docs.push_back(row.doc);
  keys.push_back(setting(scale, under, [](ColumnRule& rule, const Value& v) {
    for (const ScalerRow& row : standard_scalers())
      if (v.text == row.name) rule.scale = row.scale;
  }));
  for (const ScalerRow& row : standard_scalers())
    if (row.number)
      keys.push_back(setting({.path = cat("scale.", row.name), .type = Type::number, .doc = row.doc, .example = "255", .low = 0, .above = true}, under,
                             [&row](ColumnRule& rule, const Value& v) { rule.scale = row.scale, rule.*row.number = v.number; }));
}

void add_impute_keys(std::vector<Key>& keys, const std::string& under) {
  keys.push_back(setting({.path = "impute",
                          .doc = "What replaces a missing value, found in the training rows.",
                          .fallback = "error",
                          .example = "median, or {value: 0}"},
                         under, imputations, [](ColumnRule& rule, Impute impute) { rule.impute = impute; }));
  keys.push_back(setting({.path = "impute.value", .type = Type::text, .doc = "This number, or in a column of names this name.", .example = "0"}, under,
                         [](ColumnRule& rule, const Value& v) { rule.impute = Impute::value, rule.fill = v.text; }));
}

void add_column_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data.columns",
                  .type = Type::features,
                  .doc = "A list: the feature columns to use, by name or index, in this order. A mapping: settings for the columns of a name, an index or a "
                         "pattern (* any characters, ? one), all columns stay features. A later pattern wins, setting by setting; one that matches nothing is "
                         "an error.",
                  .absent = "all but the target",
                  .example = "[age, income], or {age: {scale: minmax}, city: {as: category}, id: {drop: true}}",
                  .set = [](Experiment& e, const Value& v) { e.data.table.columns = v.texts; }});
  const std::string each = "data.columns.*";
  keys.push_back(setting({.path = "as", .doc = "What the cells are.", .absent = "number, or what data.categorical says"}, each, kinds,
                         [](ColumnRule& rule, As as) { rule.as = as; }));
  keys.push_back(setting({.path = "drop", .type = Type::boolean, .doc = "Is it left out?", .absent = "false"}, each,
                         [](ColumnRule& rule, const Value& v) { rule.drop = v.boolean; }));
  add_impute_keys(keys, each);
  keys.push_back(
      setting({.path = "indicator", .type = Type::boolean, .doc = "One more column behind: 1 where the value is missing, else 0.", .absent = "false"}, each,
              [](ColumnRule& rule, const Value& v) { rule.indicator = v.boolean; }));
  keys.push_back(setting(named({.path = "transform", .type = Type::choice, .doc = "A function of each number, before scaling.", .absent = "none"},
                               standard_transforms()),
                         each, [](ColumnRule& rule, const Value& v) {
                           for (const TransformRow& row : standard_transforms())
                             if (v.text == row.name) rule.transform = row.transform;
                         }));
  add_scale_keys(keys, each);
  keys.push_back(setting({.path = "encode", .doc = "What the model sees of names.", .fallback = "one_hot"}, each, encodings,
                         [](ColumnRule& rule, Encode encode) { rule.encode = encode; }));
  keys.push_back(setting({.path = "unknown", .doc = "A name that the table trained on does not have, met later.", .absent = "error"}, each, unknowns,
                         [](ColumnRule& rule, Unknown unknown) { rule.unknown = unknown; }));
  keys.push_back(setting(named({.path = "parts", .type = Type::choices, .doc = "The numbers made of a date, a column each.", .absent = "[year, month, day]",
                                .example = "[year, month, weekday]"},
                               standard_date_parts()),
                         each, [](ColumnRule& rule, const Value& v) {
                           for (const std::string& name : v.texts)
                             for (const DatePartRow& row : standard_date_parts())
                               if (name == row.name) rule.parts.push_back(row.part);
                         }));
  // What names columns by kind stands before the mapping's rules.
  const auto first = [](Experiment& e, const std::vector<std::string>& names, ColumnRule rule) {
    for (const std::string& name : names) rule.pattern = name, e.data.table.rules.insert(e.data.table.rules.begin(), rule);
  };
  keys.push_back({.path = "data.drop",
                  .type = Type::texts,
                  .doc = "Columns that are not features.",
                  .example = "[id]",
                  .set = [first](Experiment& e, const Value& v) { first(e, v.texts, {.key = "drop", .drop = true}); }});
  keys.push_back({.path = "data.categorical",
                  .type = Type::texts,
                  .doc = "Columns whose values are names, not numbers. The names of the whole table are known, whatever rows train.",
                  .example = "[city]",
                  .set = [first](Experiment& e, const Value& v) { first(e, v.texts, {.key = "categorical", .as = As::category}); }});
  keys.push_back(setting({.path = "encode", .doc = "What the model sees of a categorical column.", .fallback = "one_hot"}, "data", encodings,
                         [](ColumnRule& rule, Encode encode) { rule.encode = encode; }));
  keys.push_back({.path = "data.inputs",
                  .type = Type::columns,
                  .doc = "Of a table: the columns of each input of the model, by the input's name. Of arrays, in place of data.file: the array, or one for each "
                         "input, {x: train.npz:images, mask: train.npz:mask}. A .npy or IDX file (gzip too), or FILE:NAME of an .npz or .safetensors file, "
                         "relative to the file that states it; its first dimension are the rows. data.scale then is one statistic over all values of an "
                         "array's training rows, robust and the quantiles by at most 2^20 of them.",
                  .example = "images.npy, or {numbers: [age, income], city: [city]}",
                  .set = [](Experiment& e, const Value& v) {
                    e.data.table.inputs = {v.lists.begin(), v.lists.end()};
                    e.data.arrays.all.inputs = v.arrays;
                  }});
}
}  // namespace

void add_data_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "data",
                  .type = Type::mapping,
                  .doc = "The table, or the arrays, the network learns from. A bare file name stands for {file: …}.",
                  .example = "{file: iris.csv, target: species, split: {validation: 20%}}",
                  .required = true,
                  .shorthand = "file"});
  keys.push_back({.path = "data.file",
                  .type = Type::path,
                  .doc = "A CSV or TSV file, gzip too, relative to the file that states it.",
                  .example = "ionosphere.csv",
                  .required = true,
                  .instead = "data.inputs",
                  .set = [](Experiment& e, const Value& v) { e.data.file = v.path, e.data.file_as_written = v.text; }});
  keys.push_back({.path = "data.test_file",
                  .type = Type::path,
                  .doc = "A second table, relative to the file that states it: its rows are the test rows, all of them, those of data.file are split into "
                         "training and validation. It has the same columns, in any order where a header names them; header, delimiter and decimal mark are "
                         "found for each. The names of categories are those of both files, statistics those of the training rows; a class that only this "
                         "file has is an error.",
                  .absent = "data.split.test",
                  .example = "test.csv",
                  .set = [](Experiment& e, const Value& v) { e.data.test_file = v.path, e.data.test_file_as_written = v.text; }});
  keys.push_back({.path = "data.header",
                  .type = Type::boolean,
                  .doc = "Does the first line name the columns?",
                  .absent = "found in the first lines, and told with the reason",
                  .set = [](Experiment& e, const Value& v) { e.data.csv.header = v.boolean; }});
  keys.push_back(choosing({.path = "data.delimiter", .doc = "What stands between two columns.", .absent = "found in the first lines"}, delimiters,
                          [](Experiment& e, char delimiter) { e.data.csv.delimiter = delimiter; }));
  keys.push_back(choosing({.path = "data.decimal",
                           .doc = "What stands in front of a number's decimals.",
                           .absent = "found: a comma where the delimiter is another, some numbers have a comma and none a point"},
                          decimals, [](Experiment& e, char decimal) { e.data.csv.decimal = decimal; }));
  add_target_keys(keys);
  add_column_keys(keys);
  keys.push_back({.path = "data.missing",
                  .type = Type::texts,
                  .doc = "Cells that stand for a missing value in any column, beside empty ones; in columns of numbers NA, N/A, nan, NaN, NULL, null, None and ? "
                         "do so anyway, in columns of names they are names unless listed here.",
                  .fallback = "[]",
                  .example = "[-999, unknown]",
                  .set = [](Experiment& e, const Value& v) { e.data.csv.missing = v.texts; }});
  add_impute_keys(keys, "data");
  add_scale_keys(keys, "data");
  add_array_keys(keys);
  add_split_keys(keys);
}

}  // namespace lehr::spec
