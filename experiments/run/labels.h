#pragma once
#include <tuple>

#include "graph/onnx/model.h"
#include "graph/passes/labels.h"

namespace lehr::run {

// What the model itself calls its classes: the lists of its nodes, else the metadata a training left (classes_key). None: it does not say.
// Error (Exit::mismatch): two lists that differ, all shown.
struct OwnLabels : LabelList {
  bool in_nodes = false;  // a node gives them out; metadata only describe
  auto operator<=>(const OwnLabels& other) const { return std::tie(names, in_nodes) <=> std::tie(other.names, other.in_nodes); }
  bool operator==(const OwnLabels& other) const { return std::tie(names, in_nodes) == std::tie(other.names, other.in_nodes); }
};
std::optional<OwnLabels> own_labels(const onnx::Model& model);

// Whether two lists name the same classes in the same order: texts exactly, numbers by value.
bool same_labels(const std::vector<std::string>& a, const std::vector<std::string>& b);

// The classes of a table whose experiment gives no order: the model's, with a note that says so. Where its metadata know other classes than the table
// has, the table's as they are; where its nodes do, an Error (Exit::mismatch).
struct ClassOrder {
  std::vector<std::string> classes;
  std::string note;
};
ClassOrder order_classes(const OwnLabels& own, const std::vector<std::string>& of_table);

// Error (Exit::mismatch) where the experiment's classes are not the model's in its order. Metadata may name other classes (the model is trained
// on something new): then a note; the same ones in another order are refused as well.
std::optional<std::string> check_labels(const OwnLabels& own, const std::vector<std::string>& classes);

}  // namespace lehr::run
