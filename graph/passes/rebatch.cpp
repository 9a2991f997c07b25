#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "graph/passes/facts.h"
#include "graph/passes/loss.h"
#include "graph/passes/names.h"
#include "graph/passes/passes.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

struct Blocked {
  std::string why;
};

// Operators whose row i depends on row i of their first input only, whatever else they read, as long as that is no batch.
const Names by_row = plus(unary(), {"BatchNormalization", "InstanceNormalization", "GroupNormalization", "Conv", "ConvTranspose", "MaxPool", "AveragePool",
                                    "GlobalAveragePool", "GlobalMaxPool", "OneHot"});
const Names elementwise = plus(binary(), {"PRelu"});
// Attribute `axis` and its default; fine for any axis but the batch's.
const std::map<std::string, std::int64_t, std::less<>> along_axis = {
    {"LayerNormalization", -1}, {"RMSNormalization", -1}, {"LpNormalization", -1}, {"ArgMax", 0}, {"ArgMin", 0}, {"TopK", -1}, {"Split", 0}};

// Follows the batch of size `batch` through the graph. A value carries it in dimension 0, of size batch * k; others do not depend on it.
class Rows {
 public:
  Rows(const Graph& graph, std::int64_t batch) : graph_(graph), batch_(batch), known_(facts(graph)), k_(graph.values().size()), label_(graph.values().size()) {}

  std::map<std::size_t, std::vector<std::int64_t>> shapes;  // new shape operand by node
  std::int64_t k(ValueId id) const { return id == no_value ? 0 : k_.at(static_cast<std::size_t>(id)); }
  bool label(ValueId id) const { return label_.at(static_cast<std::size_t>(id)); }

  void run() {
    for (const ValueId in : graph_.inputs) k_[static_cast<std::size_t>(in)] = 1;
    for (std::size_t n = 0; n < graph_.nodes().size(); ++n) {
      const Node& node = graph_.nodes()[n];
      const bool labels = label_tail(node) || std::ranges::any_of(node.in, [&](ValueId in) { return in != no_value && label(in); });
      const bool carries = std::ranges::any_of(node.in, [&](ValueId in) { return k(in) > 0; });
      const std::int64_t out = labels || !carries || node.op == "Shape" || node.op == "Size" ? 0 : result(n, node);
      for (std::size_t i = 0; i < node.out.size(); ++i) {
        if (node.out[i] == no_value) continue;
        k_[static_cast<std::size_t>(node.out[i])] = node.op == "BatchNormalization" && i > 0 ? 0 : out;
        label_[static_cast<std::size_t>(node.out[i])] = labels;
      }
    }
    for (const ValueId out : graph_.outputs)
      if (!label(out) && k(out) > 1) throw Blocked{cat("the output ", quote(graph_.value(out).name), " has ", k(out), " rows for each of the batch")};
  }

 private:
  [[noreturn]] void block(const Node& node, const std::string& what) const { throw Blocked{cat(describe(graph_, node), " ", what)}; }
  const std::optional<Extents>& dims(ValueId id) const {
    static const std::optional<Extents> none;
    return id == no_value ? none : known_[static_cast<std::size_t>(id)].dims;
  }
  std::size_t rank(const Node& node, std::size_t slot = 0) const {
    if (!dims(input(node, slot))) block(node, "reads a tensor of unknown rank");
    return dims(input(node, slot))->size();
  }
  std::optional<std::vector<std::int64_t>> integers(const Node& node, std::size_t slot, const char* attribute) const {
    if (const auto it = node.attrs.find(attribute); it != node.attrs.end())
      if (const auto* list = std::get_if<std::vector<std::int64_t>>(&it->second)) return *list;
    if (!has_in(node, slot)) return std::nullopt;
    const auto& data = graph_.value(node.in[slot]).data;
    if (!data || is_float(data->type.dtype) || data->type.dtype == Dtype::string) block(node, "has axes or shapes that are computed in the graph");
    return data->integers();
  }
  bool first_axis(const Node& node, std::int64_t axis) const { return axis == 0 || axis == -static_cast<std::int64_t>(rank(node)); }

  // How many rows the result has for each of the batch; 0: it does not depend on the batch's size.
  std::int64_t result(std::size_t index, const Node& node) {
    const std::int64_t first = k(input(node, 0));
    if (elementwise.contains(node.op)) return broadcast(node);
    if (node.op == "Gemm" || node.op == "FusedGemm") return gemm(node);
    if (node.op == "MatMul") return matmul(node);
    if (node.op == "Gather") return gather(node);
    if (node.op == "Concat") return concat(node);
    for (std::size_t s = 1; s < node.in.size(); ++s)
      if (k(node.in[s]) > 0 && node.op != "Reshape") block(node, "reads the batch in another place than its first input");
    if (by_row.contains(node.op)) return first;
    if (node.op == "Softmax" || node.op == "LogSoftmax") return keeps_first(node, integer(node, "axis", node.opset >= 13 ? -1 : 1), first);
    if (const auto it = along_axis.find(node.op); it != along_axis.end()) return keeps_first(node, integer(node, "axis", it->second), first);
    if (node.op == "Reshape") return reshape(index, node);
    if (node.op == "Flatten") return flatten(node, first);
    if (node.op == "Transpose") return transpose(node, first);
    if (node.op.starts_with("Reduce")) return reduce(node, first);
    if (node.op == "Squeeze" || node.op == "Unsqueeze") return squeeze(node, first);
    if (node.op == "Slice") return slice(node, first);
    if (node.op == "Expand") return expand(index, node, first);
    if (node.op == "Tile") return tile(node, first);
    block(node, "is not known to keep the rows of a batch apart");
  }

  std::int64_t keeps_first(const Node& node, std::int64_t axis, std::int64_t first) const {
    if (first_axis(node, axis)) block(node, "works along the batch");
    return first;
  }
  std::int64_t broadcast(const Node& node) const {
    std::int64_t out = 0;
    std::size_t deepest = 0;
    for (std::size_t s = 0; s < node.in.size(); ++s) {
      if (k(node.in[s]) == 0) continue;
      if (out && (k(node.in[s]) != out || rank(node, s) != deepest)) block(node, "joins tensors whose batches do not lie alike");
      out = k(node.in[s]);
      deepest = rank(node, s);
    }
    for (std::size_t s = 0; s < node.in.size(); ++s) {
      if (k(node.in[s]) > 0 || node.in[s] == no_value) continue;
      const std::size_t r = rank(node, s);
      if (r > deepest) block(node, "gives the batch another place");
      if (r == deepest && r > 0 && (*dims(node.in[s]))[0].number() != 1)
        block(node, cat("reads ", quote(graph_.value(node.in[s]).name), ", which has ", (*dims(node.in[s]))[0].number(), " rows of its own"));
    }
    return out;
  }
  std::int64_t gemm(const Node& node) const {
    if (k(node.in[0]) == 0 || k(input(node, 1)) > 0 || integer(node, "transA", 0)) block(node, "multiplies along the batch");
    if (has_in(node, 2)) {
      if (k(node.in[2]) > 0) block(node, "adds a tensor of the batch");
      const auto& c = dims(node.in[2]);
      if (c && c->size() == 2 && (*c)[0].number() != 1) block(node, cat("adds a bias of ", (*c)[0].number(), " rows"));
    }
    return k(node.in[0]);
  }
  std::int64_t matmul(const Node& node) const {
    const std::int64_t a = k(node.in[0]), b = k(input(node, 1));
    const std::size_t ra = rank(node, 0), rb = rank(node, 1);
    if (a > 0 && b == 0 && ra >= 2 && (rb <= 2 || ra >= 3)) return a;
    if (b > 0 && a == 0 && rb >= 3 && ra <= 2) return b;
    if (a == b && ra == rb && ra >= 3) return a;
    block(node, "multiplies along the batch");
  }
  std::int64_t gather(const Node& node) const {
    const std::int64_t axis = integer(node, "axis", 0);
    if (k(node.in[0]) == 0) {
      if (axis != 0) block(node, "gives the batch another place");
      return k(input(node, 1));
    }
    if (k(input(node, 1)) > 0) block(node, "picks within the batch by indices of the batch");
    return keeps_first(node, axis, k(node.in[0]));
  }
  std::int64_t concat(const Node& node) const {
    for (const ValueId in : node.in)
      if (k(in) != k(node.in[0])) block(node, "joins tensors that do not all carry the batch");
    return keeps_first(node, integer(node, "axis", 1), k(node.in[0]));
  }

  std::int64_t multiply(const Node& node, std::int64_t a, std::int64_t b) const {
    if (a < 0 || b < 0 || (b > 0 && a > (std::int64_t{1} << 47) / b)) block(node, "reads more elements than fit");
    return a * b;
  }
  // Elements of a row, all dimensions but the first.
  std::int64_t row(const Node& node, const Extents& d) const {
    std::int64_t out = 1;
    for (std::size_t i = 1; i < d.size(); ++i) {
      if (d[i].number() < 0) block(node, "reads rows of unknown size");
      out = multiply(node, out, d[i].number());
    }
    return out;
  }
  std::int64_t reshape(std::size_t index, const Node& node) {
    const std::int64_t first = k(node.in[0]);
    if (first == 0) block(node, "takes its shape from the batch");
    if (!node.attrs.contains("shape") && has_in(node, 1) && !graph_.value(node.in[1]).data) return first;  // computed for each batch size
    const auto given = integers(node, 1, "shape");
    rank(node);
    const Extents& in = *dims(node.in[0]);
    if (!given || given->empty() || in.empty()) block(node, "loses the batch");
    const bool allow_zero = integer(node, "allowzero", 0) != 0;
    std::vector<std::int64_t> shape = *given;
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (shape[i] == 0 && !allow_zero && i < in.size()) shape[i] = i == 0 ? multiply(node, batch_, first) : in[i].number();
    const std::int64_t all = multiply(node, multiply(node, batch_, first), row(node, in));
    std::int64_t rest = 1;
    for (const std::int64_t size : shape) rest = multiply(node, rest, size < 0 ? 1 : size);
    for (std::int64_t& size : shape)
      if (size < 0) size = rest > 0 && all % rest == 0 ? all / rest : 0;
    if (shape[0] <= 0 || shape[0] % batch_) block(node, cat("makes ", *given, " of it, whose first dimension is no multiple of the batch"));
    const std::int64_t out = shape[0] / batch_;
    const bool fits = given->at(0) == -1 || (given->at(0) == 0 && !allow_zero && out == first);
    shape[0] = -1;
    if (!fits) shapes[index] = shape;
    return out;
  }
  std::int64_t flatten(const Node& node, std::int64_t first) const {
    std::int64_t axis = integer(node, "axis", 1), out = first;
    if (axis < 0) axis += static_cast<std::int64_t>(rank(node));
    if (axis <= 0) block(node, "makes one row of the whole batch");
    for (std::size_t i = 1; i < static_cast<std::size_t>(axis); ++i) {
      const std::int64_t size = i < rank(node) ? (*dims(node.in[0]))[i].number() : 1;
      if (size < 0) block(node, "reads rows of unknown size");
      out = multiply(node, out, size);
    }
    return out;
  }
  std::int64_t transpose(const Node& node, std::int64_t first) const {
    const auto perm = integers(node, 9, "perm");
    if (perm ? perm->empty() || perm->front() != 0 : rank(node) > 1) block(node, "moves the batch to another place");
    return first;
  }
  std::int64_t reduce(const Node& node, std::int64_t first) const {
    const auto axes = integers(node, 1, "axes");
    if (!axes || axes->empty()) return integer(node, "noop_with_empty_axes", 0) ? first : 0;
    const bool over_batch = std::ranges::any_of(*axes, [&](std::int64_t axis) { return first_axis(node, axis); });
    return over_batch ? 0 : first;
  }
  std::int64_t squeeze(const Node& node, std::int64_t first) const {
    const auto axes = integers(node, 1, "axes");
    if (!axes) {
      if (batch_ == 1) block(node, "drops every dimension of size 1, the batch's too");
      return first;
    }
    const auto r = static_cast<std::int64_t>(rank(node) + (node.op == "Unsqueeze" ? axes->size() : 0));
    if (std::ranges::any_of(*axes, [&](std::int64_t axis) { return axis == 0 || axis == -r; })) block(node, "gives the batch another place");
    return first;
  }
  std::int64_t slice(const Node& node, std::int64_t first) const {
    const auto axes = integers(node, 3, "axes");
    if (!axes || std::ranges::any_of(*axes, [&](std::int64_t axis) { return first_axis(node, axis); })) block(node, "takes a part of the batch");
    return first;
  }
  std::int64_t expand(std::size_t index, const Node& node, std::int64_t first) {
    if (has_in(node, 1) && !graph_.value(node.in[1]).data) return first;
    auto shape = integers(node, 1, "shape");
    if (!shape || shape->size() > rank(node)) block(node, "gives the batch another place");
    if (shape->size() < rank(node) || shape->at(0) == 1) return first;
    if (shape->at(0) != multiply(node, batch_, first)) block(node, "repeats the batch");
    shape->at(0) = 1;
    shapes[index] = *shape;
    return first;
  }
  std::int64_t tile(const Node& node, std::int64_t first) const {
    const auto repeats = integers(node, 1, "repeats");
    if (!repeats || repeats->empty() || repeats->front() != 1) block(node, "repeats the batch");
    return first;
  }

  const Graph& graph_;
  std::int64_t batch_;
  std::vector<Facts> known_;
  std::vector<std::int64_t> k_;
  std::vector<bool> label_;
};

// The fixed first dimension all inputs have; nothing if a batch size is free already.
std::optional<std::int64_t> baked_batch(const Graph& graph) {
  std::optional<std::int64_t> batch;
  for (const ValueId in : graph.inputs) {
    const auto& type = graph.value(in).type;
    if (!type || !type->dims || type->dims->empty() || type->dims->front().size <= 0) return std::nullopt;
    const std::int64_t size = type->dims->front().size;
    if (batch && *batch != size) throw Blocked{cat("the inputs begin with ", *batch, " and ", size, " rows")};
    batch = size;
  }
  return batch;
}

void free_batch(Graph& graph, const Rows& rows) {
  std::string symbol = "batch";
  for (std::size_t i = 0; i < graph.values().size(); ++i) {
    const auto id = static_cast<ValueId>(i);
    auto& type = graph.value(id).type;
    if (graph.value(id).data || !type || !type->dims || type->dims->empty()) continue;
    if (rows.k(id) == 1 || rows.label(id))
      type->dims->front() = {-1, symbol};
    else if (rows.k(id) > 1)
      type->dims->front() = {-1, ""};
  }
  for (const auto& [index, shape] : rows.shapes) {
    Node& node = graph.node(index);
    node.attrs["allowzero"] = std::int64_t{0};
    if (node.op == "Expand" || node.opset < 14) node.attrs.erase("allowzero");
    if (node.attrs.contains("shape")) {
      node.attrs["shape"] = shape;
      continue;
    }
    Value value;
    value.name = graph.fresh_name(cat(graph.value(node.in[1]).name, "_any_batch"));
    value.role = Role::constant;
    value.data = std::make_shared<Tensor>(Shape{static_cast<std::int64_t>(shape.size())}, std::span<const std::int64_t>(shape));
    value.why = "shape without the batch size";
    const ValueId id = graph.add(std::move(value));
    graph.node(index).in[1] = id;
  }
}

}  // namespace

std::size_t rebatch(Graph& graph, Notes& notes) {
  try {
    const auto batch = baked_batch(graph);
    if (!batch) return 0;
    try {
      Rows rows(graph, *batch);
      rows.run();
      free_batch(graph, rows);
      notes.push_back(cat("the batch size ", *batch, " stored in the model is replaced by that of the run",
                          rows.shapes.empty() ? "" : cat(" (", rows.shapes.size(), rows.shapes.size() == 1 ? " shape" : " shapes", " rewritten)")));
      return 1 + rows.shapes.size();
    } catch (const Blocked& blocked) {
      throw Blocked{cat("batch size ", *batch, ": ", blocked.why)};
    }
  } catch (const Blocked& blocked) {
    notes.push_back(cat("the batch stays as the model stores it, ", blocked.why));
    return 0;
  }
}

}  // namespace lehr
