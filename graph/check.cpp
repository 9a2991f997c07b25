#include "graph/check.h"

#include "base/error.h"

namespace lehr {

namespace {
class Checker {
 public:
  explicit Checker(const Graph& graph) : graph_(graph), made_(graph.values().size()) {}

  void run() {
    inputs();
    for (std::size_t i = 0; i < made_.size(); ++i) value(static_cast<ValueId>(i));
    for (const Node& node : graph_.nodes()) step(node);
    for (const ValueId id : graph_.outputs) available(id, "the list of graph outputs");
  }

 private:
  void in_range(ValueId id, const std::string& who) const {
    if (id < 0 || static_cast<std::size_t>(id) >= made_.size()) throw Error(who, " names the value ", id, ", but the graph has ", made_.size());
  }

  void inputs() {
    for (const ValueId id : graph_.inputs) {
      in_range(id, "the list of graph inputs");
      const Value& v = graph_.value(id);
      if (v.role != Role::input) throw Error("the list of graph inputs names the ", name(v.role), " ", quote(v.name));
      if (made_[static_cast<std::size_t>(id)]) throw Error("the list of graph inputs names ", quote(v.name), " twice");
      made_[static_cast<std::size_t>(id)] = true;
    }
  }

  void value(ValueId id) {
    const Value& v = graph_.value(id);
    if (graph_.find(v.name) != id) throw Error("the value ", quote(v.name), " is not found under its name");
    const bool stored = v.role == Role::parameter || v.role == Role::state || v.role == Role::constant;
    const bool opaque = v.role == Role::constant && (!v.type || v.type->dtype == Dtype::string);
    if (stored && !opaque && !v.data) throw Error("the ", name(v.role), " ", quote(v.name), " holds no data");
    if (!stored && v.data) throw Error("the ", name(v.role), " ", quote(v.name), " holds data");
    if (v.data && v.data->data.size() != static_cast<std::uint64_t>(elements(v.data->shape())) * bytes(v.data->type.dtype))
      throw Error("the ", name(v.role), " ", quote(v.name), " of type ", text(v.data->type), " holds ", v.data->data.size(), " bytes");
    if (stored) made_[static_cast<std::size_t>(id)] = true;
  }

  void available(ValueId id, const std::string& reader) const {
    in_range(id, reader);
    if (!made_[static_cast<std::size_t>(id)]) throw Error(reader, " reads ", quote(graph_.value(id).name), ", which nothing in front of it makes");
  }

  void step(const Node& node) {
    for (const ValueId out : node.out)
      if (out != no_value) in_range(out, cat("a node of ", printable(node.op)));
    const auto who = [&] { return describe(graph_, node); };
    if (node.op.empty()) throw Error(who(), " has no operator");
    for (const ValueId in : node.in)
      if (in != no_value && (in < 0 || static_cast<std::size_t>(in) >= made_.size() || !made_[static_cast<std::size_t>(in)])) available(in, who());
    for (const ValueId out : node.out) {
      if (out == no_value) continue;
      const Value& v = graph_.value(out);
      if (v.role != Role::activation) throw Error(who(), " writes the ", name(v.role), " ", quote(v.name));
      if (made_[static_cast<std::size_t>(out)]) throw Error(who(), " writes ", quote(v.name), ", which another node writes too");
      made_[static_cast<std::size_t>(out)] = true;
    }
  }

  const Graph& graph_;
  std::vector<bool> made_;  // by value: there for the next node to read
};
}  // namespace

void check(const Graph& graph) { Checker(graph).run(); }

}  // namespace lehr
