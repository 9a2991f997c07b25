#include "graph/passes/labels.h"

#include <algorithm>
#include <map>

#include "graph/passes/uses.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {
using Texts = std::vector<std::string>;

// Attributes of ai.onnx.ml that list labels in the order of the scores.
constexpr const char* label_attributes[] = {"classlabels_strings", "classlabels_int64s", "classlabels_ints", "classes_strings"};

std::optional<Texts> texts(const Attribute& attribute) {
  if (const auto* strings = std::get_if<Texts>(&attribute)) return *strings;
  Texts out;
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&attribute))
    for (const std::int64_t n : *numbers) out.push_back(cat(n));
  else if (const auto* floats = std::get_if<std::vector<float>>(&attribute))
    for (const float f : *floats) out.push_back(number(f));
  else if (const auto* tensor = std::get_if<std::shared_ptr<const Tensor>>(&attribute); tensor && *tensor)
    for (const double d : (*tensor)->doubles()) out.push_back(number(d));
  else
    return std::nullopt;
  return out;
}

// A constant of strings or whole numbers, as a list.
std::optional<Texts> texts(const Value& value) {
  if (value.strings) return *value.strings;
  if (!value.data) return std::nullopt;
  Texts out;
  for (const double d : value.data->doubles()) out.push_back(number(d));
  return out;
}

std::optional<Texts> given(const Node& node, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto it = node.attrs.find(name); it != node.attrs.end())
      if (auto list = texts(it->second); list && !list->empty()) return list;
  return std::nullopt;
}

class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph), uses_(graph) {}

  std::vector<LabelList> run() {
    for (const Node& node : graph_.nodes()) visit(node);
    for (const ValueId id : graph_.outputs)
      if (const auto it = carried_.find(id); it != carried_.end()) found(it->second);
    return std::move(out_);
  }

 private:
  void visit(const Node& node) {
    const ValueId out = result(node);
    if (out == no_value) return;
    const bool ml = node.domain == "ai.onnx.ml";
    if (ml && node.op == "ArrayFeatureExtractor") return pick(node, 0, out);
    if (is(node, "Gather") && has_in(node, 0) && graph_.value(node.in[0]).strings) return pick(node, 0, out);
    if (ml && node.op == "LabelEncoder" && !node.attrs.contains("classes_strings")) return encode(node, out);
    if (ml) {
      for (const char* name : label_attributes)
        if (auto list = given(node, {name})) return found({std::move(*list), cat("the attribute ", name, " of ", describe(graph_, node))});
    }
    const Traits& row = traits(node);
    if (!has_in(node, 0) || !(row.carries || row.does == Does::identity || row.does == Does::cast)) return;
    if (const auto it = carried_.find(node.in[0]); it != carried_.end()) carried_[out] = LabelList(it->second);
  }

  // Element of a constant list by an index the graph computes.
  void pick(const Node& node, std::size_t slot, ValueId out) {
    const Value& list = graph_.value(node.in[slot]);
    const bool computed = has_in(node, 1 - slot) && uses_.maker(node.in[1 - slot]);
    if (auto names = texts(list); names && computed)
      carried_[out] = {std::move(*names), cat("the list ", quote(list.name), " that ", describe(graph_, node), " picks from")};
  }

  // Key by key of the list that comes in; where none does, keys 0..n-1 are the places of the scores.
  void encode(const Node& node, ValueId out) {
    const auto keys = given(node, {"keys_strings", "keys_int64s", "keys_floats", "keys_tensor"});
    const auto values = given(node, {"values_strings", "values_int64s", "values_floats", "values_tensor"});
    if (!keys || !values || keys->size() != values->size()) return;
    std::map<std::string, std::string> table;
    for (std::size_t i = 0; i < keys->size(); ++i) table.emplace((*keys)[i], (*values)[i]);
    LabelList list{{}, cat("the values of ", describe(graph_, node))};
    const auto before = has_in(node, 0) ? carried_.find(node.in[0]) : carried_.end();
    const std::size_t count = before != carried_.end() ? before->second.names.size() : keys->size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto it = table.find(before != carried_.end() ? before->second.names[i] : cat(i));
      if (it == table.end()) return;
      list.names.push_back(it->second);
    }
    carried_[out] = std::move(list);
  }

  void found(LabelList list) {
    if (std::ranges::find(out_, list) == out_.end()) out_.push_back(std::move(list));
  }

  const Graph& graph_;
  const Uses uses_;
  std::map<ValueId, LabelList> carried_;  // labels of that list, by value
  std::vector<LabelList> out_;
};
}  // namespace

std::vector<LabelList> label_lists(const Graph& graph) { return Finder(graph).run(); }

}  // namespace lehr
