#include "engine/plan/typing.h"

#include <algorithm>

#include "engine/plan/unsupported.h"

namespace lehr {

namespace {
constexpr std::size_t max_nodes = 20000;

// The batch takes the place of a symbolic first dimension, and of its symbol wherever else it stands.
std::vector<std::string> batch_symbols(const Graph& graph) {
  std::vector<std::string> out;
  for (const ValueId id : graph.inputs) {
    const auto& type = graph.value(id).type;
    if (type && type->dims && !type->dims->empty() && type->dims->front().size < 0 && !type->dims->front().symbol.empty())
      out.push_back(type->dims->front().symbol);
  }
  return out;
}

TensorType input_type(const Value& value, std::int64_t batch, const std::vector<std::string>& symbols) {
  if (!value.type || !value.type->dims) throw Error("input ", quote(value.name), " does not declare its shape");
  TensorType out{plan_dtype(value.type->dtype), {}};
  const auto& dims = *value.type->dims;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const bool is_batch = dims[i].size < 0 && (i == 0 || std::ranges::find(symbols, dims[i].symbol) != symbols.end());
    if (dims[i].size < 0 && !is_batch)
      throw Error("dimension ", i, " of input ", quote(value.name), " is ",
                  dims[i].symbol.empty() ? std::string("unknown") : cat("the symbol ", quote(dims[i].symbol)), ", only the batch (dimension 0) may be free");
    out.shape.push_back(is_batch ? batch : dims[i].size);
  }
  elements(out.shape);
  return out;
}

std::vector<bool> needed_nodes(const Graph& graph, std::span<const ValueId> wanted) {
  std::vector<bool> value(graph.values().size()), node(graph.nodes().size());
  for (const ValueId id : wanted) value.at(static_cast<std::size_t>(id)) = true;
  for (std::size_t i = graph.nodes().size(); i-- > 0;) {
    const Node& n = graph.nodes()[i];
    for (const ValueId out : n.out)
      if (out != no_value && value[static_cast<std::size_t>(out)]) node[i] = true;
    if (node[i])
      for (const ValueId in : n.in)
        if (in != no_value) value[static_cast<std::size_t>(in)] = true;
  }
  return node;
}

// The tensor in the plan's element type. Error: an integer of 2^63 or more.
std::shared_ptr<const Tensor> normalized(std::shared_ptr<const Tensor> tensor) {
  if (tensor->type.dtype == Dtype::u64)
    for (const std::uint64_t v : tensor->as<std::uint64_t>())
      if (v >> 63) throw Error("it holds ", v, "; integers are computed with up to 2^63-1");
  const Dtype to = plan_dtype(tensor->type.dtype);
  return tensor->type.dtype == to ? tensor : std::make_shared<const Tensor>(convert(*tensor, to));
}

class Typer {
 public:
  Typer(const Graph& graph, const OpTable& table, std::int64_t batch, Mode mode, std::span<const ValueId> wanted, TypedGraph& out)
      : graph_(graph), unsupported_(table), batch_(batch), mode_(mode), wanted_(wanted), out_(out), symbols_(batch_symbols(graph)) {}

  void run() {
    leaves();
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i)
      if (out_.needed[i]) attempt([&] { within([&] { return describe(graph_, graph_.nodes()[i]); }, [&] { node(i); }); });
    for (std::string& sentence : unsupported_.sentences()) out_.problems.push_back(std::move(sentence));
  }

 private:
  template <class Body>
  void attempt(Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      out_.problems.push_back(error.what());
    }
  }

  void leaves() {
    std::vector<bool> used(graph_.values().size());
    for (const ValueId id : wanted_) used[static_cast<std::size_t>(id)] = true;
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i)
      if (out_.needed[i])
        for (const ValueId in : graph_.nodes()[i].in)
          if (in != no_value) used[static_cast<std::size_t>(in)] = true;
    for (std::size_t id = 0; id < graph_.values().size(); ++id) {
      const Value& value = graph_.values()[id];
      if (value.role == Role::activation || !used[id]) continue;
      attempt([&] {
        if (value.role == Role::input) {
          out_.types[id] = input_type(value, batch_, symbols_);
        } else {
          if (!value.data) throw Error("tensor ", quote(value.name), " holds no numbers the engine can use");
          out_.types[id] = TensorType{plan_dtype(value.data->type.dtype), value.data->shape()};
          if (value.role == Role::constant) within([&] { return cat("tensor ", quote(value.name)); }, [&] { out_.constants[id] = normalized(value.data); });
        }
      });
    }
  }

  void node(std::size_t index) {
    const Node& n = graph_.nodes()[index];
    const MakeOp* make = unsupported_.find(graph_, n);
    if (!make) return;
    std::vector<TensorType> types(n.in.size());
    std::vector<const Tensor*> constants(n.in.size());
    for (std::size_t i = 0; i < n.in.size(); ++i) {
      if (n.in[i] == no_value) continue;
      const auto id = static_cast<std::size_t>(n.in[i]);
      if (!out_.types[id]) return;  // its cause was reported
      types[i] = *out_.types[id];
      constants[i] = out_.constants[id].get();
    }
    auto op = (*make)(NodeView(graph_, n, mode_, types, constants));
    const auto outputs = op->infer();
    if (outputs.size() < n.out.size()) throw Error("declares ", n.out.size(), " outputs, the operator has ", outputs.size());
    auto values = op->fold(constants);
    for (std::size_t i = 0; i < n.out.size(); ++i) {
      if (n.out[i] == no_value) continue;
      const auto id = static_cast<std::size_t>(n.out[i]);
      elements(outputs[i].shape);
      out_.types[id] = outputs[i];
      if (!values.empty()) out_.constants[id] = std::make_shared<const Tensor>(std::move(values.at(i)));
    }
    out_.folded[index] = !values.empty();
    if (values.empty()) out_.ops[index] = std::move(op);
  }

  const Graph& graph_;
  Unsupported unsupported_;
  std::int64_t batch_;
  Mode mode_;
  std::span<const ValueId> wanted_;
  TypedGraph& out_;
  std::vector<std::string> symbols_;
};
}  // namespace

TypedGraph type_nodes(const Graph& graph, const OpTable& table, std::int64_t batch, Mode mode, std::span<const ValueId> wanted) {
  TypedGraph out;
  out.types.resize(graph.values().size());
  out.constants.resize(graph.values().size());
  out.ops.resize(graph.nodes().size());
  out.folded.resize(graph.nodes().size());
  out.needed.resize(graph.nodes().size());
  if (graph.nodes().size() > max_nodes) {
    out.problems.push_back(cat("the graph has ", graph.nodes().size(), " nodes, the limit is ", max_nodes));
    return out;
  }
  out.needed = needed_nodes(graph, wanted);
  Typer(graph, table, batch, mode, wanted, out).run();
  return out;
}

Typing type_graph(const Graph& graph, const OpTable& table, std::int64_t batch, Mode mode, std::span<const ValueId> wanted) {
  TypedGraph typed = type_nodes(graph, table, batch, mode, wanted);
  return Typing(std::move(static_cast<Typing&>(typed)));
}

}  // namespace lehr
