#pragma once
#include <map>
#include <string>

#include "experiments/spec/places.h"
#include "experiments/spec/schema.h"
#include "experiments/spec/sources.h"

namespace lehr::spec {

// A required key that is not there.
struct Missing {
  std::string key, example;  // "; it is a number" or ", for example lr: 0.1"
  At at;                     // of the mapping it belongs into
};
// What a layer stack says, read through the schema. `tree` is complete: every key the file or a default gives, in the schema's order.
struct Reading {
  Experiment experiment;
  Node tree;
  std::map<std::string, At> places;
  std::vector<Missing> missing;
};
// All problems go to `problems`, but for missing keys: the caller knows whether all variants lack them.
Reading read_experiment(const Node& root, const Schema& schema, const Sources& sources, Problems& problems);

// Parts that must fit together.
void check_together(const Reading& reading, Problems& problems);

// One value as a row's type asks for; `canonical` is what a resolved file says for it. Nothing where it does not fit.
class ValueReader {
 public:
  ValueReader(const Schema& schema, const Sources& sources, Problems& problems) : schema_(schema), sources_(sources), problems_(problems) {}
  std::optional<Value> read(const Key& key, const Node& node, Node& canonical);

 private:
  bool scalar(const Key& key, const Node& node, bool number);
  template <class T>
  std::optional<T> typed(const Key& key, const Node& node, Read<T> (*reader)(std::string_view));
  bool within_range(const Key& key, const Node& node, double value);
  std::optional<Value> integer(const Key& key, const Node& node, Node& canonical);
  std::optional<Value> real(const Key& key, const Node& node, Node& canonical);
  std::optional<Value> boolean(const Key& key, const Node& node);
  std::optional<Value> choice(const Key& key, const Node& node);
  std::optional<Value> path(const Key& key, const Node& node, Node& canonical);
  std::optional<Value> portion(const Key& key, const Node& node);
  std::optional<Value> span(const Key& key, const Node& node);
  std::optional<Value> texts(const Key& key, const Node& node, Node& canonical);
  template <class Each>
  std::optional<Value> list(const Key& key, const Node& node, const Each& each);  // each(value, i) reads item i
  std::optional<Value> numbers(const Key& key, const Node& node);
  std::optional<Value> integers(const Key& key, const Node& node, Node& canonical);
  std::optional<Value> schedule(const Key& key, const Node& node);
  std::optional<Value> rows(const Key& key, const Node& node, Node& canonical);
  std::optional<Value> expectations(const Key& key, const Node& node);
  std::optional<Value> init(const Key& key, const Node& node);
  std::optional<Value> inputs(const Key& key, const Node& node, Node& canonical);
  bool initializer(const Key& key, const Node& node);

  const Schema& schema_;
  const Sources& sources_;
  Problems& problems_;
};

// What the keys of arrays and of tables need of each other.
void check_arrays(const Reading& reading, Problems& problems);
// Where data.inputs names arrays, a bare data.target names one, too.
void move_array_target(Node& root);

// "a whole number at least 1", "one of keep, drop"
std::string expected(const Key& key);
// Adds the problem of a key the mapping `path` does not have; returns the key that is probably meant, or "".
std::string unknown_key(const Entry& entry, const std::string& path, const std::string& type, const Schema& schema, Problems& problems);

}  // namespace lehr::spec
