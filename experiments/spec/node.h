#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lehr::spec {

// Where a node stands: an index into Sources, 1-based line and column in characters; source -1: a default.
struct At {
  int source = -1;
  int line = 0, column = 0, length = 1;
  int patch = -1;  // label of the variant that brought it, -1: the file itself
};

struct Entry;
// What YAML holds, free of tags and anchors. Scalars are text: the schema gives them types.
struct Node {
  enum class Kind { null, scalar, list, mapping } kind = Kind::null;
  bool quoted = false;
  std::string scalar;
  std::vector<Node> items;
  std::vector<Entry> entries;  // in file order, keys unique
  At at;

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_mapping() const { return kind == Kind::mapping; }
  const Entry* find(std::string_view key) const;
  Entry* find(std::string_view key);
  void erase(std::string_view key);
};
struct Entry {
  std::string key;
  At at;  // of the key
  Node value;
};

Node make_scalar(std::string text, At at = {});
Node make_mapping(At at = {});
// "a number", "a list", … for messages.
const char* kind_name(const Node& node);
// ": write [5]" of a single value where a list belongs, else "".
std::string in_brackets(const Node& node);

}  // namespace lehr::spec
