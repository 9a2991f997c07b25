#pragma once
#include <optional>
#include <string>

#include "graph/graph.h"

namespace lehr {

bool has_in(const Node& node, std::size_t slot);
ValueId input(const Node& node, std::size_t slot);  // no_value where it is left out
ValueId result(const Node& node);                   // output 0; no_value where it is left out
bool is(const Node& node, const char* op, const char* domain = "");
std::int64_t integer(const Node& node, const std::string& name, std::int64_t fallback);
float real(const Node& node, const std::string& name, float fallback);
std::string string(const Node& node, const std::string& name, const std::string& fallback);
// Opset of ai.onnx in this graph: that of its nodes, 13 where it has none.
int main_opset(const Graph& graph);
// The one number in a weight of one element.
std::optional<double> scalar(const Graph& graph, ValueId id);
bool has_data(const Graph& graph, ValueId id);

}  // namespace lehr
