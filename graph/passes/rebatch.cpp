#include <algorithm>
#include <cctype>
#include <set>

#include "base/error.h"
#include "graph/passes/batch_rows.h"
#include "graph/passes/passes.h"
#include "graph/print.h"
#include "graph/traits/node.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {

// "batch", "batch_size", "N", "B": what exporters call the dimension of the rows.
bool batch_like(const std::string& symbol) {
  std::string lower;
  for (const char c : symbol) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower.find("batch") != std::string::npos || lower == "n" || lower == "b" || lower == "bs";
}

const std::vector<Dim>* dims_of(const Graph& graph, ValueId id) {
  const auto& type = graph.value(id).type;
  return type && type->dims ? &*type->dims : nullptr;
}

// The dimension of the rows where sizes are left open: the only open one, else the one called so, else the first.
std::size_t open_axis(const std::vector<Dim>& dims) {
  std::vector<std::size_t> open, called;
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (dims[i].size < 0) {
      open.push_back(i);
      if (batch_like(dims[i].symbol)) called.push_back(i);
    }
  if (open.size() == 1) return open.front();
  return called.size() == 1 ? called.front() : 0;
}

std::string title(const Graph& graph, ValueId id) { return quote(graph.value(id).name); }

// Inputs whose rows are not their first dimension are fed with the rows in front.
std::size_t turn_open_inputs(Graph& graph, std::optional<std::size_t> given, Notes& notes) {
  std::size_t changes = 0;
  for (const ValueId id : std::vector<ValueId>(graph.inputs)) {
    const auto* dims = dims_of(graph, id);
    if (!dims || dims->empty() || std::ranges::none_of(*dims, [](const Dim& d) { return d.size < 0; })) continue;
    const std::size_t axis = given.value_or(open_axis(*dims));
    if (given && (axis >= dims->size() || (*dims)[axis].size >= 0))
      throw Error("model.batch_axis is ", axis, ", but of ", title(graph, id), " ", text(*graph.value(id).type), " another dimension is left open")
          .code(Exit::mismatch);
    if (axis == 0) continue;
    notes.push_back(cat("the batch is dimension ", axis, " of ", title(graph, id), ", ",
                        given ? "as the experiment says"
                              : cat("the one that is left open", (*dims)[axis].symbol.empty() ? "" : cat(" (", printable((*dims)[axis].symbol), ")")),
                        "; rows are fed with their other dimensions in order"));
    feed_batch_first(graph, id, axis);
    ++changes;
  }
  return changes;
}

// The size all inputs have in dimension `axis` where every size is a number; nothing if some is open.
std::optional<std::int64_t> baked_batch(const Graph& graph, std::size_t axis) {
  std::optional<std::int64_t> batch;
  for (const ValueId in : graph.inputs) {
    const auto* dims = dims_of(graph, in);
    if (!dims || dims->size() <= axis || (*dims)[axis].size <= 0) return std::nullopt;
    const std::int64_t size = (*dims)[axis].size;
    if (batch && *batch != size) throw Blocked{cat("the inputs begin with ", *batch, " and ", size, " rows")};
    batch = size;
  }
  return batch;
}

void free_batch(Graph& graph, const BatchRows& rows) {
  for (std::size_t i = 0; i < graph.values().size(); ++i) {
    const auto id = static_cast<ValueId>(i);
    auto& type = graph.value(id).type;
    const Carried c = rows.of(id);
    if (graph.value(id).data || !type || !type->dims || type->dims->empty()) continue;
    if (rows.label(id)) type->dims->front() = {-1, batch_symbol};
    if (c && c.axis < type->dims->size()) (*type->dims)[c.axis] = {-1, c.whole() ? batch_symbol : ""};
  }
  for (const auto& [index, shape] : rows.shapes()) {
    Node& node = graph.node(index);
    const bool attribute = node.attrs.contains("shape");
    if (node.attrs.contains("allowzero")) node.attrs["allowzero"] = std::int64_t{0};
    if (attribute) node.attrs["shape"] = shape;
    Value value;
    value.name = graph.fresh_name(cat(graph.value(node.in.back()).name, "_any_batch"));
    value.role = Role::constant;
    value.data = std::make_shared<Tensor>(Shape{static_cast<std::int64_t>(shape.size())}, std::span<const std::int64_t>(shape));
    value.why = "shape without the batch size";
    if (node.place >= 0) value.places.push_back({node.place, 1, attribute ? "shape" : ""});
    const ValueId id = graph.add(std::move(value));
    if (!attribute) graph.node(index).in[1] = id;
  }
}

// An axis the rows can be told apart along: the first, or else another one that all inputs have and that comes out again.
struct Found {
  std::int64_t batch = 0;
  std::size_t axis = 0;
  BatchRows rows;
};
// Of another axis than the first more is wanted than that nothing forbids it: the rows pass a layer and come out.
bool convinces(const Graph& graph, const BatchRows& rows) {
  const bool arrives = std::ranges::any_of(graph.outputs, [&](ValueId out) { return bool(rows.of(out)) || rows.label(out); });
  return arrives && std::ranges::any_of(graph.nodes(), [&](const Node& node) {
    return traits(node).product && std::ranges::any_of(node.in, [&](ValueId in) { return bool(rows.of(in)); }) &&
           std::ranges::any_of(node.in, [&](ValueId in) { return has_data(graph, in); });
  });
}

std::optional<Found> along(const Graph& graph, std::size_t axis) {
  const auto batch = baked_batch(graph, axis);
  if (!batch) return std::nullopt;
  try {
    BatchRows rows(graph, *batch, std::vector<std::size_t>(graph.inputs.size(), axis));
    if (axis > 0 && !convinces(graph, rows)) return std::nullopt;
    return Found{*batch, axis, std::move(rows)};
  } catch (const Blocked& blocked) {
    throw Blocked{cat("batch size ", *batch, ": ", blocked.why)};
  }
}

// Where the first axis does not work: the others, of which exactly one may.
std::optional<Found> elsewhere(const Graph& graph) {
  std::optional<Found> found;
  for (std::size_t axis = 1; axis < 8; ++axis) {
    try {
      auto next = along(graph, axis);
      if (next && found) return std::nullopt;
      if (next) found = std::move(next);
    } catch (const Blocked&) {
    }
  }
  return found;
}

std::size_t free_baked(Graph& graph, std::optional<std::size_t> given, Notes& notes) {
  std::optional<Found> found;
  try {
    found = along(graph, given.value_or(0));
  } catch (const Blocked&) {
    if (!given) found = elsewhere(graph);
    if (!found) throw;
  }
  if (!found) return 0;
  if (found->axis > 0) {  // looked at again once the rows are in front
    notes.push_back(cat("the batch of ", found->batch, " is dimension ", found->axis, " of ", title(graph, graph.inputs.front()),
                        given ? ", as the experiment says" : ", the only one along which the rows stay apart",
                        "; rows are fed with their other dimensions in order"));
    for (const ValueId id : std::vector<ValueId>(graph.inputs)) feed_batch_first(graph, id, found->axis);
    found = along(graph, 0);
  }
  free_batch(graph, found->rows);
  const std::size_t shapes = found->rows.shapes().size();
  notes.push_back(cat("the batch size ", found->batch, " stored in the model is replaced by that of the run",
                      shapes == 0 ? "" : cat(" (", shapes, shapes == 1 ? " shape" : " shapes", " rewritten)")));
  return 1 + shapes;
}

}  // namespace

std::size_t rebatch(Graph& graph, Notes& notes, std::optional<std::size_t> axis, std::string* kept) {
  try {
    return turn_open_inputs(graph, axis, notes) + free_baked(graph, axis, notes);
  } catch (const Blocked& blocked) {
    notes.push_back(cat("the batch stays as the model stores it, ", blocked.why));
    if (kept) *kept = notes.back();
    return 0;
  }
}

}  // namespace lehr
