#include "graph/check.h"

#include "graph/print.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
Value value(const std::string& name, Role role) {
  Value v;
  v.name = name;
  v.role = role;
  if (role == Role::parameter || role == Role::state || role == Role::constant) {
    v.data = std::make_shared<const Tensor>(TensorType{Dtype::f32, {2}});
    v.type = DeclaredType{Dtype::f32, std::vector<Dim>{{2, ""}}};
  }
  return v;
}

Node node(const std::string& op, std::vector<ValueId> in, std::vector<ValueId> out, const std::string& name = "") {
  Node n;
  n.op = op;
  n.name = name;
  n.in = std::move(in);
  n.out = std::move(out);
  return n;
}

enum : ValueId { x, w, h, y };  // ids in the graph below
// x -> Mul 'scale' by w -> h -> Relu 'act' -> y
Graph graph() {
  Graph g;
  g.add(value("x", Role::input));
  g.add(value("w", Role::parameter));
  g.add(value("h", Role::activation));
  g.add(value("y", Role::activation));
  g.inputs = {x};
  g.outputs = {y};
  g.add(node("Mul", {x, w}, {h}, "scale"));
  g.add(node("Relu", {h}, {y}, "act"));
  return g;
}
}  // namespace

TEST_CASE("a sound graph passes the check", "[graph]") {
  CHECK_NOTHROW(check(graph()));
  CHECK_NOTHROW(check(Graph()));
  Graph strings = graph();
  Value labels = value("labels", Role::constant);
  labels.data = nullptr;
  labels.type->dtype = Dtype::string;
  strings.add(labels);
  CHECK_NOTHROW(check(strings));
  Graph pruned = graph();  // an input that nothing reads may have left the list
  pruned.add(value("unused", Role::input));
  CHECK_NOTHROW(check(pruned));
}

TEST_CASE("a broken invariant is an Error that names it", "[graph]") {
  struct Row {
    const char* what;
    void (*spoil)(Graph&);
    std::vector<std::string> parts;
  };
  const Row rows[] = {{"order", [](Graph& g) { std::swap(g.node(0), g.node(1)); }, {"Relu node 'act'", "'h'"}},
                      {"two writers", [](Graph& g) { g.add(node("Tanh", {h}, {y}, "again")); }, {"'again'", "'y'"}},
                      {"writes a parameter", [](Graph& g) { g.node(1).out = {w}; }, {"'act'", "parameter 'w'"}},
                      {"writes an input", [](Graph& g) { g.node(1).out = {x}; }, {"'act'", "input 'x'"}},
                      {"reads beyond the values", [](Graph& g) { g.node(1).in = {99}; }, {"'act'", "99"}},
                      {"reads a negative id", [](Graph& g) { g.node(1).in = {-2}; }, {"'act'", "-2"}},
                      {"writes beyond the values", [](Graph& g) { g.node(1).out = {99}; }, {"Relu", "99"}},
                      {"an output beyond the values", [](Graph& g) { g.outputs = {99}; }, {"outputs", "99"}},
                      {"an input beyond the values", [](Graph& g) { g.inputs = {99}; }, {"inputs", "99"}},
                      {"an output left out", [](Graph& g) { g.outputs = {no_value}; }, {"outputs", "-1"}},
                      {"an output nobody makes", [](Graph& g) { g.outputs = {g.add(value("z", Role::activation))}; }, {"'z'"}},
                      {"reads what nobody makes", [](Graph& g) { g.node(1).in = {g.add(value("z", Role::activation))}; }, {"'act'", "'z'"}},
                      {"an input missing in the list", [](Graph& g) { g.inputs.clear(); }, {"'scale'", "'x'"}},
                      {"an input twice in the list",
                       [](Graph& g) {
                         g.inputs = {x, x};
                       },
                       {"'x'", "twice"}},
                      {"a parameter as input",
                       [](Graph& g) {
                         g.inputs = {x, w};
                       },
                       {"parameter 'w'"}},
                      {"a parameter without data", [](Graph& g) { g.value(w).data = nullptr; }, {"parameter 'w'", "no data"}},
                      {"a state without data",
                       [](Graph& g) {
                         g.value(w).role = Role::state;
                         g.value(w).data = nullptr;
                       },
                       {"state 'w'", "no data"}},
                      {"a constant without data",
                       [](Graph& g) {
                         g.value(w).role = Role::constant;
                         g.value(w).data = nullptr;
                       },
                       {"constant 'w'", "no data"}},
                      {"an activation with data", [](Graph& g) { g.value(h).data = g.value(w).data; }, {"activation 'h'", "holds data"}},
                      {"an input with data", [](Graph& g) { g.value(x).data = g.value(w).data; }, {"input 'x'", "holds data"}},
                      {"data of another size",
                       [](Graph& g) {
                         Tensor t = *g.value(w).data;
                         t.data.resize(4);
                         g.value(w).data = std::make_shared<const Tensor>(t);
                       },
                       {"'w'", "float32[2]", "4 bytes"}},
                      {"a renamed value", [](Graph& g) { g.value(h).name = "x"; }, {"'x'", "name"}},
                      {"no operator", [](Graph& g) { g.node(1).op.clear(); }, {"'act'", "no operator"}}};
  for (const Row& row : rows) {
    INFO(row.what);
    Graph g = graph();
    row.spoil(g);
    std::string text;
    try {
      check(g);
    } catch (const Error& error) {
      text = error.what();
    }
    INFO(text);
    CHECK_FALSE(text.empty());
    for (const std::string& part : row.parts) CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("a graph prints one node a line", "[graph]") {
  Graph g = graph();
  g.value(x).type = DeclaredType{Dtype::f32, std::vector<Dim>{{-1, "N"}, {-1, ""}, {4, ""}}};
  g.node(1).domain = "com.acme";
  g.node(1).in = {h, no_value, w};
  g.node(1).attrs = {{"axis", std::int64_t{-1}},
                     {"alpha", 0.5f},
                     {"mode", std::string("a\x1b")},
                     {"pads", std::vector<std::int64_t>(9, 1)},
                     {"perm", std::vector<std::int64_t>{1, 0}},
                     {"value", std::make_shared<const Tensor>(TensorType{Dtype::i64, {3}})},
                     {"body", Subgraph{}},
                     {"names", std::vector<std::string>{"b", "g"}}};
  CHECK(print(g) ==
        "input x float32[N,?,4]\nparameter w float32[2]\nh = Mul(x, w) 'scale'\n"
        "y = com.acme.Relu(h, _, w) alpha=0.5 axis=-1 body={...} mode='a\\x1b' names=['b','g'] pads=[1,1,1,1,1,1,1,1,... 9 values] perm=[1,0] "
        "value=int64[3] 'act'\noutput y\n");
}
