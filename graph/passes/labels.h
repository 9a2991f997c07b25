#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace lehr {

// The names a model gives its classes, in the order of its scores.
struct LabelList {
  std::vector<std::string> names;  // integers in digits
  std::string where;               // "the list 'classes' that ArrayFeatureExtractor node 'a' picks from"
  bool operator==(const LabelList& other) const { return names == other.names; }
};
// Every list that decides what a label or a map of the model says: of ArrayFeatureExtractor and a Gather of strings, of LabelEncoder (through
// which another list may have passed), and the label attributes of ai.onnx.ml. Lists that are alike come once.
std::vector<LabelList> label_lists(const Graph& graph);

}  // namespace lehr
