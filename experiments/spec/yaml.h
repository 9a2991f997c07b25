#pragma once
#include <optional>

#include "experiments/spec/node.h"
#include "experiments/spec/sources.h"

namespace lehr::spec {

// Guards on what a file may hold.
inline constexpr std::size_t max_bytes = 1 << 20, max_depth = 64, max_keys = 4096, max_key_bytes = 256;

// One YAML 1.2 document as nodes. Refused, each as a problem with its place: broken UTF-8, tabs, control characters, anchors, aliases, tags,
// duplicate keys, keys without a value, a second document. Nothing is returned where the text cannot be read at all.
std::optional<Node> parse_yaml(const Sources& sources, int source, Problems& problems);
// The value of a --set argument: the text from byte `start` on.
std::optional<Node> parse_value(const Sources& sources, int source, std::size_t start, Problems& problems);

}  // namespace lehr::spec
