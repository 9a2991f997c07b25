#include "graph/graph.h"

#include <algorithm>
#include <queue>

namespace lehr {

const char* name(Role role) {
  switch (role) {
    case Role::input: return "input";
    case Role::parameter: return "parameter";
    case Role::state: return "state";
    case Role::constant: return "constant";
    case Role::activation: return "activation";
  }
  return "?";
}

std::string describe(const Graph& graph, const Node& node) {
  if (!node.name.empty()) return cat(printable(node.op), " node ", quote(node.name));
  for (const ValueId out : node.out)
    if (out != no_value) return cat(printable(node.op), " node of ", quote(graph.value(out).name));
  return cat(printable(node.op), " node");
}

ValueId Graph::find(std::string_view name) const {
  const auto it = names_.find(name);
  return it == names_.end() ? no_value : it->second;
}

std::optional<std::size_t> Graph::producer(ValueId id) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (std::ranges::find(nodes_[i].out, id) != nodes_[i].out.end()) return i;
  return std::nullopt;
}

std::vector<std::size_t> Graph::consumers(ValueId id) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (std::ranges::find(nodes_[i].in, id) != nodes_[i].in.end()) out.push_back(i);
  return out;
}

ValueId Graph::add(Value value) {
  if (value.name.empty()) value.name = fresh_name("value");
  const auto id = static_cast<ValueId>(values_.size());
  if (!names_.emplace(value.name, id).second) throw Error("the name ", quote(value.name), " is used for two tensors");
  values_.push_back(std::move(value));
  return id;
}

void Graph::rename(ValueId id, std::string name) {
  if (!names_.emplace(name, id).second) throw Error("the name ", quote(name), " is used for two tensors");
  Value& v = value(id);
  names_.erase(v.name);
  v.name = std::move(name);
}

std::size_t Graph::add(Node node) {
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

void Graph::replace_uses(ValueId from, ValueId to) {
  for (Node& node : nodes_) std::ranges::replace(node.in, from, to);
  std::ranges::replace(outputs, from, to);
}

std::string Graph::fresh_name(const std::string& stem) const {
  if (!names_.contains(stem)) return stem;
  for (int i = 1;; ++i)
    if (std::string name = cat(stem, "_", i); !names_.contains(name)) return name;
}

namespace {
// Names up to 8 nodes that are left and lie on a cycle, or between two: what feeds only placed nodes, or none, is peeled off.
std::string cycle(const Graph& graph, const std::vector<Node>& nodes, std::vector<bool> placed, const std::vector<std::vector<int>>& unlocks) {
  std::vector<int> feeds(nodes.size()), peel;
  std::vector<std::vector<int>> needs(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (placed[i]) continue;
    feeds[i] = static_cast<int>(unlocks[i].size());
    for (const int next : unlocks[i]) needs[static_cast<std::size_t>(next)].push_back(static_cast<int>(i));
    if (feeds[i] == 0) peel.push_back(static_cast<int>(i));
  }
  while (!peel.empty()) {
    const auto i = static_cast<std::size_t>(peel.back());
    peel.pop_back();
    placed[i] = true;
    for (const int before : needs[i])
      if (--feeds[static_cast<std::size_t>(before)] == 0) peel.push_back(before);
  }
  std::vector<std::string> members;
  for (std::size_t i = 0; i < nodes.size() && members.size() < 8; ++i) {
    if (placed[i]) continue;
    std::vector<std::string> outs;
    for (const ValueId out : nodes[i].out)
      if (out != no_value) outs.push_back(quote(graph.value(out).name));
    members.push_back(cat(describe(graph, nodes[i]), " (writes ", join(outs, ", "), ")"));
  }
  return join(members, ", ");
}
}  // namespace

// Kahn's algorithm, stable: of the nodes that are ready the earliest in the given order comes first.
void Graph::set_nodes(std::vector<Node> nodes) {
  std::vector<int> producer(values_.size(), -1), waiting(nodes.size(), 0);
  std::vector<std::vector<int>> unlocks(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const ValueId out : nodes[i].out)
      if (out != no_value) producer[static_cast<std::size_t>(out)] = static_cast<int>(i);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const ValueId in : nodes[i].in)
      if (in != no_value)
        if (const int p = producer[static_cast<std::size_t>(in)]; p >= 0) {
          unlocks[static_cast<std::size_t>(p)].push_back(static_cast<int>(i));
          ++waiting[i];
        }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (waiting[i] == 0) ready.push(static_cast<int>(i));
  std::vector<Node> sorted;
  sorted.reserve(nodes.size());
  std::vector<bool> placed(nodes.size());
  while (!ready.empty()) {
    const auto i = static_cast<std::size_t>(ready.top());
    ready.pop();
    placed[i] = true;
    for (const int next : unlocks[i])
      if (--waiting[static_cast<std::size_t>(next)] == 0) ready.push(next);
    sorted.push_back(std::move(nodes[i]));
  }
  if (sorted.size() != nodes.size()) throw Error("the graph has a cycle through ", cycle(*this, nodes, std::move(placed), unlocks));
  nodes_ = std::move(sorted);
}

}  // namespace lehr
