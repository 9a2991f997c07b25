#include "experiments/spec/reader.h"

namespace lehr::spec {

// A text names an array, a list columns.
std::optional<Value> ValueReader::inputs(const Key& key, const Node& node, Node& canonical) {
  Value value;
  if (node.is_scalar()) {
    const auto read = path(key, node, canonical);
    if (read) value.arrays[""] = read->path;
    return read ? std::optional(value) : std::nullopt;
  }
  if (!node.is_mapping() || node.entries.empty()) {
    problems_.error(node.at, key.path, " must be ", expected(key), ", not ", node.is_mapping() ? "an empty one" : kind_name(node));
    return std::nullopt;
  }
  bool fits = true;
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const Entry& entry = node.entries[i];
    Key each = key;
    each.path += "." + printable(entry.key);
    if (entry.value.is_list() && key.type == Type::columns) {
      each.type = Type::texts;
      Node ignored;
      const auto read = texts(each, entry.value, ignored);
      if (read) value.lists.emplace_back(entry.key, read->texts);
      fits = fits && read;
    } else {
      each.type = Type::path;
      const auto read = path(each, entry.value, canonical.entries[i].value);
      if (read) value.arrays[entry.key] = read->path;
      fits = fits && read;
    }
  }
  return fits ? std::optional(value) : std::nullopt;
}

}  // namespace lehr::spec
