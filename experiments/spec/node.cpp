#include "experiments/spec/node.h"

#include <algorithm>

#include "base/text.h"

namespace lehr::spec {

const Entry* Node::find(std::string_view key) const {
  const auto it = std::ranges::find(entries, key, &Entry::key);
  return it == entries.end() ? nullptr : &*it;
}
Entry* Node::find(std::string_view key) {
  const auto it = std::ranges::find(entries, key, &Entry::key);
  return it == entries.end() ? nullptr : &*it;
}
void Node::erase(std::string_view key) {
  std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
}

Node make_scalar(std::string text, At at) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.scalar = std::move(text);
  node.at = at;
  return node;
}
Node make_mapping(At at) {
  Node node;
  node.kind = Node::Kind::mapping;
  node.at = at;
  return node;
}

std::string in_brackets(const Node& node) { return node.is_scalar() && !node.quoted ? cat(": write [", printable(node.scalar), "]") : ""; }

const char* kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "";
}

}  // namespace lehr::spec
