#pragma once
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/familiar.h"
#include "base/readable.h"
#include "experiments/spec/experiment.h"
#include "experiments/spec/node.h"
#include "experiments/spec/scalar.h"
#include "experiments/spec/vocabulary.h"

namespace lehr::spec {

// What a value looks like in the file.
enum class Type {
  mapping,  // keys of its own
  text,
  path,  // relative to the file that states it
  integer,
  number,
  boolean,
  choice,   // one of `values`; a value that ends in "_k" stands for any positive k, one that takes arguments is written name(…)
  choices,  // a list of them
  texts,    // a list of texts
  features,  // a list of texts, or pattern -> the settings of its keys below "*"
  numbers,
  integers,
  portion,  // 33% or 40 rows
  schedule,
  span,      // a length of training with its unit: 5 epochs
  interval,  // the same, or a time: 30 s
  rows,      // a whole number, or a schedule that follows no metric
  init,      // pattern -> initializer
  columns,   // model input -> list of columns, or -> array; or one array
  arrays,    // model input -> array, or one array
  expectations,  // measured quantity -> ">= 0.95"
  rules,     // pattern -> {freeze, lr_scale, hyperparameters}
  seeds,     // a count or a list
  variants,  // name -> patch
  sweep,     // dotted key -> list of values
};

// A value that was read; the member the type calls for is set.
struct Value {
  std::string text;
  double number = 0;
  std::int64_t integer = 0;
  bool boolean = false;
  Portion portion;
  Span span;
  std::optional<double> seconds;  // of an interval that is a time
  std::vector<std::string> texts;
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
  std::vector<std::pair<std::string, std::string>> pairs;
  std::vector<ExpectationSpec> expectations;
  std::vector<std::pair<std::string, std::vector<std::string>>> lists;
  std::map<std::string, std::filesystem::path> arrays;
  std::optional<Controlled> schedule;
  std::filesystem::path path;
};

// One row of the table from which reading, defaults, checks, JSON Schema, explain and the reference page are made.
struct Key {
  std::string path = {};  // dotted; "*" stands for a name the user chooses
  Type type = Type::text;
  std::string doc = {};       // one or two sentences
  std::string fallback = {};  // the default as YAML; "" without
  std::string absent = {};    // what happens without the key where there is no default value
  std::string example = {};
  bool required = false;
  std::string instead = {};  // required: the key beside it that may stand in its place
  bool apart = false;        // a mapping whose defaults hold only where it stands
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool above = false;                    // low itself is not allowed
  std::vector<std::string> values = {};  // allowed texts
  std::vector<std::string> docs = {};    // a line for each of values, or none
  std::vector<std::string> of = {};      // types of its mapping that take it; empty: all
  std::string shorthand = {};            // the child a bare value stands for
  std::string alias = {};                // the key this one is a short form of
  bool study = false;                    // speaks of all trials, not of one
  bool shared = false;                   // of a trial, but the same for all of them
  std::string planned = {};              // known but not built: what is supported instead
  std::function<void(Experiment&, const Value&)> set = {};
  std::function<void(ParamRule&, const Value&)> set_rule = {};     // of a key below params.*
  std::function<void(ColumnRule&, const Value&)> set_column = {};  // of a key below data.columns.*

  std::string parent() const;
  std::string name() const;
  std::string range() const;  // "at least 1", "in [0, 1]", "above 0", "" where all is allowed
  Named named() const;        // what its values are names of
  bool takes(std::string_view type_of_mapping) const;
  bool varies() const { return !study && !shared; }  // may stand in a variant and in a sweep
};

// One value of an enumeration: what a file writes for it.
template <class E>
struct Choice {
  E value;
  const char *name, *doc = "";
};
// The choice a text that was read names.
template <class E, std::size_t n>
E chosen(const Choice<E> (&choices)[n], std::string_view text) {
  for (const auto& choice : choices)
    if (text == choice.name) return choice.value;
  return choices[0].value;  // not reached: what is read is among Key::values
}
// The key as a choice among these.
template <class E, std::size_t n>
Key listing(Key key, const Choice<E> (&choices)[n]) {
  key.type = Type::choice;
  bool told = false;
  for (const auto& choice : choices) key.values.push_back(choice.name), key.docs.push_back(choice.doc), told |= *choice.doc != 0;
  if (!told) key.docs.clear();
  return key;
}
// The same where `put` stores the one that was read in the experiment.
template <class E, std::size_t n, class Put>
Key choosing(Key key, const Choice<E> (&choices)[n], Put put) {
  key = listing(std::move(key), choices);
  key.set = [&choices, put](Experiment& e, const Value& v) { put(e, chosen(choices, v.text)); };
  return key;
}

class Schema {
 public:
  explicit Schema(const Vocabulary& vocabulary);
  const std::vector<Key>& keys() const { return keys_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  // Direct children in order; with a type: only those the type takes.
  std::vector<const Key*> children(std::string_view path, std::optional<std::string_view> type = std::nullopt) const;
  const Key* find(std::string_view path, std::optional<std::string_view> type = std::nullopt) const;
  bool has_children(std::string_view path) const { return !children(path).empty(); }

 private:
  Vocabulary vocabulary_;
  std::vector<Key> keys_;
};

// The rows, by section.
void add_model_keys(std::vector<Key>& keys, const Vocabulary& vocabulary);
void add_data_keys(std::vector<Key>& keys);
void add_array_keys(std::vector<Key>& keys);
void add_training_keys(std::vector<Key>& keys, const Vocabulary& vocabulary);
void add_control_keys(std::vector<Key>& keys);
void add_fold_keys(std::vector<Key>& keys);
void add_study_keys(std::vector<Key>& keys);

// Is `text` one of the values, by the rules of Type::choice? The value it matches, or nullptr.
const std::string* allowed(const std::vector<std::string>& values, std::string_view text);

}  // namespace lehr::spec
