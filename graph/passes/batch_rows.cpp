#include "graph/passes/batch_rows.h"

#include <algorithm>

#include "graph/passes/facts.h"
#include "graph/traits/node.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {
Graph opened(Graph graph, const std::vector<std::size_t>& axes) {
  for (std::size_t i = 0; i < graph.inputs.size(); ++i)
    if (auto& type = graph.value(graph.inputs[i]).type; type && type->dims && axes.at(i) < type->dims->size()) (*type->dims)[axes[i]] = {-1, batch_symbol};
  return graph;
}
}  // namespace

BatchRows::BatchRows(const Graph& graph, std::int64_t batch, const std::vector<std::size_t>& axes)
    : carried_(graph.values().size()), label_(graph.values().size()) {
  const std::vector<Facts> known = facts(graph), open = facts(opened(graph, axes));
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) carried_[static_cast<std::size_t>(graph.inputs[i])] = {axes.at(i), 1, 1};
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    const Traits& row = traits(node);
    const auto any = [&](auto&& has) { return std::ranges::any_of(node.in, [&](ValueId in) { return in != no_value && has(in); }); };
    const bool labels = row.label >= 0 || any([&](ValueId in) { return label(in); });
    Carried out;
    if (!labels && any([&](ValueId in) { return bool(of(in)); })) {
      BatchView view(graph, node, batch, known, open, carried_);
      if (!row.batch) view.block("is not known to keep the rows of a batch apart");
      out = row.batch(view);
      if (view.new_shape()) shapes_[n] = *view.new_shape();
    }
    for (std::size_t i = 0; i < node.out.size(); ++i) {
      if (node.out[i] == no_value) continue;
      const bool statistic = i > 0 && row.slot(3).purpose == Purpose::statistic;
      carried_[static_cast<std::size_t>(node.out[i])] = statistic ? Carried{} : out;
      label_[static_cast<std::size_t>(node.out[i])] = labels;
    }
  }
  for (const ValueId out : graph.outputs)
    if (!label(out) && of(out) && !of(out).whole())
      throw Blocked{cat("the output ", quote(graph.value(out).name), " has ", of(out).each(), " rows for each of the batch")};
}

std::string mixed_rows(const Graph& original, ValueId value) {
  constexpr std::int64_t some = 7;  // rows; no size a file would have by chance
  Graph graph = original;
  for (const ValueId in : graph.inputs) {
    auto& type = graph.value(in).type;
    if (!type || !type->dims || type->dims->empty() || type->dims->front().size >= 0) return "";
    type->dims->front() = {some, ""};
  }
  const std::vector<Facts> known = facts(graph), open = facts(original);
  std::vector<Carried> carried(graph.values().size());
  std::vector<std::string> mixed(graph.values().size());  // where a value's rows were read together
  for (const ValueId in : graph.inputs) carried[static_cast<std::size_t>(in)] = {0, 1, 1};
  for (const Node& node : graph.nodes()) {
    std::string where;
    Carried out;
    const auto any = std::ranges::any_of(node.in, [&](ValueId in) { return in != no_value && carried[static_cast<std::size_t>(in)]; });
    for (const ValueId in : node.in)
      if (in != no_value && where.empty()) where = mixed[static_cast<std::size_t>(in)];
    if (const Traits& row = traits(node); any && row.batch && row.label < 0) {
      BatchView view(graph, node, some, known, open, carried);
      try {
        out = row.batch(view);
        if (view.joined() && where.empty()) where = cat(describe(graph, node), " works along the batch");
      } catch (const Blocked& blocked) {
        if (blocked.mixes && where.empty()) where = blocked.why;
      }
    }
    for (const ValueId id : node.out)
      if (id != no_value) carried[static_cast<std::size_t>(id)] = out, mixed[static_cast<std::size_t>(id)] = where;
  }
  const auto& dims = open[static_cast<std::size_t>(value)].dims;
  const bool has_rows = dims && !dims->empty() && dims->front().symbol == batch_symbol;
  return has_rows || carried[static_cast<std::size_t>(value)] ? mixed[static_cast<std::size_t>(value)] : "";
}

namespace {
// Dimension `axis` to the front, and back from there.
std::vector<std::int64_t> to_front(std::size_t rank, std::size_t axis) {
  std::vector<std::int64_t> out{static_cast<std::int64_t>(axis)};
  for (std::size_t i = 0; i < rank; ++i)
    if (i != axis) out.push_back(static_cast<std::int64_t>(i));
  return out;
}
std::vector<std::int64_t> from_front(std::size_t rank, std::size_t axis) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 1; i < rank; ++i) out.push_back(static_cast<std::int64_t>(i));
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(axis), 0);
  return out;
}
}  // namespace

void feed_batch_first(Graph& graph, ValueId input, std::size_t axis) {
  const std::string name = graph.value(input).name;
  const int opset = std::max(main_opset(graph), 13);
  Value fed = graph.value(input);
  const std::size_t rank = fed.type->dims->size();
  auto& dims = *fed.type->dims;
  std::rotate(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis), dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  fed.turned = axis;
  graph.rename(input, graph.fresh_name(name + "_as_stored"));
  graph.value(input).role = Role::activation;
  const ValueId id = graph.add(std::move(fed));
  std::ranges::replace(graph.inputs, input, id);
  std::vector<Node> nodes{Node{"Transpose", "", "", opset, {{"perm", from_front(rank, axis)}}, {id}, {input}}};
  nodes.insert(nodes.end(), graph.nodes().begin(), graph.nodes().end());
  graph.set_nodes(std::move(nodes));
}

ValueId batch_first(Graph& graph, ValueId value) {
  const auto dims = facts(graph).at(static_cast<std::size_t>(value)).dims;
  if (!dims) return value;
  const auto at = std::ranges::find_if(*dims, [](const Extent& e) { return e.known && e.symbol == batch_symbol; });
  if (at == dims->end() || at == dims->begin()) return value;
  const auto axis = static_cast<std::size_t>(at - dims->begin());
  Value out;
  out.name = graph.fresh_name(graph.value(value).name + "_batch_first");
  out.turned = axis;
  const ValueId id = graph.add(std::move(out));
  graph.add(Node{"Transpose", "", "", std::max(main_opset(graph), 13), {{"perm", to_front(dims->size(), axis)}}, {value}, {id}});
  return id;
}

}  // namespace lehr
