#include "graph/check.h"
#include "graph/passes/batch_rows.h"
#include "graph/passes/passes.h"
#include "graph/print.h"
#include "tests/graph/passes_build.h"
#include "tests/support/catch.h"

namespace lehr {
namespace {

struct Row {
  const char* what;
  std::int64_t batch;
  ValueId (*build)(Build&, ValueId x);            // x: [batch, 3, 4]
  std::vector<std::vector<std::int64_t>> shapes;  // of Reshape and Expand afterwards; empty with `blocked`
  const char* blocked = "";                       // part of the note
};

using Ints = std::vector<std::int64_t>;
ValueId reshape(Build& b, ValueId x, const std::string& out, const Ints& to) { return b.node("Reshape", {x, b.integers(out + ".shape", to)}, out); }
ValueId flat(Build& b, ValueId x) { return b.node("Flatten", {x}, "f"); }

const std::vector<Row> table = {
    {"flatten needs nothing", 5, [](Build& b, ValueId x) { return b.linear("y", flat(b, x), 12, 2); }, {}},
    {"the batch in front",
     5,
     [](Build& b, ValueId x) {
       return b.linear("y", reshape(b, x, "r", {5, 12}), 12, 2);
     },
     {{-1, 12}}},
    {"batch 1 and an open size",
     1,
     [](Build& b, ValueId x) {
       return b.linear("y", reshape(b, x, "r", {1, -1}), 12, 2);
     },
     {{-1, 12}}},
    {"convolutions and poolings",
     5,
     [](Build& b, ValueId x) {
       const ValueId h = b.node("Conv", {x, b.weight("k", {2, 3, 2})}, "c", {{"pads", Ints{1, 1}}});                                          // [5,2,5]
       const ValueId m = b.node("MaxPool", {h}, "m", {{"kernel_shape", Ints{2}}, {"strides", Ints{2}}, {"ceil_mode", std::int64_t{1}}});    // [5,2,3]
       const ValueId t = b.node("ConvTranspose", {m, b.weight("t", {2, 1, 3})}, "u", {{"strides", Ints{2}}});                                 // [5,1,7]
       const ValueId r = reshape(b, b.linear("d", reshape(b, t, "r", {35, 1}), 1, 2), "s", {5, 14, 1});
       return b.linear("y", b.node("Flatten", {b.node("GlobalAveragePool", {r}, "p")}, "f"), 14, 2);
     },
     {{-1, 1}, {-1, 14, 1}}},
    {"open already",
     5,
     [](Build& b, ValueId x) {
       return b.linear("y", reshape(b, x, "r", {-1, 12}), 12, 2);
     },
     {{-1, 12}}},
    {"copied already",
     5,
     [](Build& b, ValueId x) {
       return b.linear("y", reshape(b, x, "r", {0, 12}), 12, 2);
     },
     {{0, 12}}},
    {"rows joined and split again",
     5,
     [](Build& b, ValueId x) {
       return reshape(b, b.linear("h", reshape(b, x, "r", {15, 4}), 4, 2), "y", {5, 3, 2});
     },
     {{-1, 4}, {-1, 3, 2}}},
    {"an expand",
     5,
     [](Build& b, ValueId x) {
       return b.node("Expand", {x, b.integers("e", {5, 3, 4})}, "y");
     },
     {{1, 3, 4}}},
    {"normalised along features",
     5,
     [](Build& b, ValueId x) {
       const ValueId mean = b.node("ReduceMean", {x}, "m", {{"axes", Ints{-1}}});
       return b.node("Softmax", {b.node("Sub", {x, mean}, "c")}, "y");
     },
     {}},
    {"rows left over for each of the batch",
     5,
     [](Build& b, ValueId x) {
       return b.linear("y", reshape(b, x, "r", {15, 4}), 4, 2);
     },
     {},
     "'y' has 3 rows for each"},
    {"a tensor with rows of its own",
     5,
     [](Build& b, ValueId x) {
       return b.node("Add", {flat(b, x), b.weight("c", {5, 12})}, "y");
     },
     {},
     "'c', which has 5 rows"},
    {"a bias for each row",
     5,
     [](Build& b, ValueId x) {
       return b.node("Gemm", {flat(b, x), b.weight("w", {12, 2}), b.weight("c", {5, 1})}, "y");
     },
     {},
     "adds a bias of 5 rows"},
    {"multiplied along the batch",
     4,
     [](Build& b, ValueId x) {
       return b.node("MatMul", {b.weight("w", {6, 4}), flat(b, x)}, "y");
     },
     {},
     "multiplies along the batch"},
    {"softmax over the batch",
     5,
     [](Build& b, ValueId x) {
       return b.node("Softmax", {x}, "y", {{"axis", std::int64_t{0}}});
     },
     {},
     "works along the batch"},
    {"a part of the batch",
     5,
     [](Build& b, ValueId x) {
       return b.node("Slice", {x, b.integers("s", {0}), b.integers("e", {2}), b.integers("a", {0})}, "y");
     },
     {},
     "takes a part of the batch"},
    {"the batch squeezed away", 1, [](Build& b, ValueId x) { return b.node("Squeeze", {x}, "y"); }, {}, "drops every dimension of size 1"},
    {"the batch dropped by a reshape",
     1,
     [](Build& b, ValueId x) {
       return reshape(b, x, "y", {3, 4});
     },
     {},
     "'y' has 3 rows for each"},
    {"an unknown operator", 5, [](Build& b, ValueId x) { return b.node("Mystery", {x}, "y"); }, {}, "Mystery node of 'y' is not known to keep the rows"},
};

}  // namespace

TEST_CASE("a baked-in batch is freed where nothing forbids it", "[passes]") {
  for (const Row& row : table) {
    INFO(row.what);
    Build b;
    const ValueId x = b.input("x", {{row.batch, ""}, {3, ""}, {4, ""}});
    const ValueId y = row.build(b, x);
    b.graph.value(y).type = DeclaredType{Dtype::f32, std::vector<Dim>{{row.batch, ""}, {2, ""}}};
    b.output(y);
    const std::string before = ops(b.graph);
    Notes notes;
    const std::size_t changes = rebatch(b.graph, notes);
    check(b.graph);
    REQUIRE(notes.size() == 1);
    INFO(notes[0]);
    CHECK(ops(b.graph) == before);
    const bool freed = std::string(row.blocked).empty();
    CHECK((changes > 0) == freed);
    CHECK(b.graph.value(x).type->dims->front().size == (freed ? -1 : row.batch));
    CHECK(b.graph.value(y).type->dims->front().size == (freed ? -1 : row.batch));
    CHECK(says(notes[0], freed ? cat("the batch size ", row.batch) : std::string(row.blocked)));
    if (!freed) continue;
    std::vector<Ints> shapes;
    for (const Node& node : b.graph.nodes())
      if (node.op == "Reshape" || node.op == "Expand") shapes.push_back(b.graph.value(node.in[1]).data->integers());
    CHECK(shapes == row.shapes);
  }
}

TEST_CASE("a free batch is left alone", "[passes]") {
  Build b;
  b.output(b.linear("y", b.rows("x", 3), 3, 2));
  Notes notes;
  CHECK(rebatch(b.graph, notes) == 0);
  CHECK(notes.empty());
}

TEST_CASE("inputs that disagree keep their sizes", "[passes]") {
  Build b;
  const ValueId x = b.input("x", {{5, ""}, {3, ""}}), z = b.input("z", {{4, ""}, {3, ""}});
  b.output(b.node("Concat", {x, z}, "y", {{"axis", std::int64_t{0}}}));
  Notes notes;
  CHECK(rebatch(b.graph, notes) == 0);
  CHECK(says(notes.at(0), "5 and 4 rows"));
}

TEST_CASE("the batch may be another dimension, open or stored", "[passes]") {
  struct Layout {
    std::vector<Dim> dims;
    std::size_t axis;
    std::optional<std::size_t> given = {};
  };
  const std::vector<Layout> layouts = {{{{3, ""}, {-1, "N"}}, 1},  // [features, batch]
                                     {{{3, ""}, {-1, ""}}, 1},
                                     {{{-1, "features"}, {-1, "batch_size"}}, 1},
                                     {{{3, ""}, {5, ""}}, 1},
                                     {{{3, ""}, {3, ""}}, 1, 1}};
  for (const Layout& place : layouts) {
    Build b;
    const ValueId x = b.input("x", place.dims);
    INFO(text(*b.graph.value(x).type));
    const ValueId h = b.node("Relu", {b.node("Add", {b.node("MatMul", {b.weight("w", {4, 3}), x}, "m"), b.weight("b", {4, 1})}, "a")}, "h");
    const ValueId y = b.node("MatMul", {b.weight("v", {2, 4}), h}, "y");
    b.output(y);
    Notes notes;
    CHECK(rebatch(b.graph, notes, place.given) > 0);
    check(b.graph);
    const Value& fed = b.graph.value(b.graph.inputs.at(0));
    CHECK(fed.name == "x");
    CHECK(fed.turned == place.axis);
    CHECK(fed.type->dims->front().size == -1);
    CHECK(says(notes.at(0), "dimension 1 of 'x'"));
    const ValueId turned = batch_first(b.graph, y);  // [batch, 2]
    CHECK(turned != y);
    CHECK(b.graph.value(turned).turned == 1);
  }
}

TEST_CASE("sequences in front of the batch are followed through attention", "[passes]") {
  Build b;  // [T, B, F] with T = 5, B = 2 stored
  const ValueId x = b.input("x", {{5, ""}, {2, ""}, {4, ""}});
  const ValueId q = b.node("Transpose", {x}, "q", {{"perm", Ints{1, 0, 2}}}), k = b.node("Transpose", {x}, "k", {{"perm", Ints{1, 2, 0}}});
  const ValueId a = b.node("Softmax", {b.node("MatMul", {q, k}, "s")}, "a");
  const ValueId o = b.node("Transpose", {b.node("MatMul", {a, q}, "c")}, "o", {{"perm", Ints{1, 0, 2}}});
  const ValueId y = b.node("MatMul", {reshape(b, o, "r", {5, 2, 4}), b.weight("w", {4, 3})}, "y");
  b.output(y);
  Notes notes;
  CHECK(rebatch(b.graph, notes) > 0);
  check(b.graph);
  CHECK(b.graph.value(b.graph.inputs.at(0)).turned == 1);
  CHECK(b.graph.value(batch_first(b.graph, y)).turned == 1);
  for (const Node& node : b.graph.nodes())
    if (node.op == "Reshape") CHECK(b.graph.value(node.in[1]).data->integers() == Ints{5, -1, 4});
}

TEST_CASE("rows that read each other are told", "[passes]") {
  struct Mix {
    const char* says;
    ValueId (*build)(Build&, ValueId h);
  };
  const std::vector<Mix> all = {{"", [](Build& b, ValueId h) { return b.node("Softmax", {h}, "s"); }},
                                {"",
                                 [](Build& b, ValueId h) {
                                   return b.node("Sub", {h, b.node("ReduceMean", {h}, "m", {{"axes", Ints{1}}})}, "s");
                                 }},
                                {"ReduceMean node of 'm' works along the batch",
                                 [](Build& b, ValueId h) {
                                   return b.node("Sub", {h, b.node("ReduceMean", {h}, "m", {{"axes", Ints{0}}})}, "s");
                                 }},
                                {"ReduceMax node of 'm' works along the batch",
                                 [](Build& b, ValueId h) {
                                   return b.node("Div", {h, b.node("ReduceMax", {h}, "m", {{"keepdims", std::int64_t{0}}})}, "s");
                                 }},
                                {"Softmax node of 's' works along the batch",
                                 [](Build& b, ValueId h) {
                                   return b.node("Softmax", {h}, "s", {{"axis", std::int64_t{0}}});
                                 }},
                                {"multiplies along the batch", [](Build& b, ValueId h) {
                                   return b.node("MatMul", {b.node("MatMul", {h, b.node("Transpose", {h}, "t")}, "g"), h}, "s");
                                 }}};
  for (const Mix& mix : all) {
    Build b;
    const ValueId y = b.linear("y", mix.build(b, b.linear("h", b.rows("x", 3), 3, 4)), 4, 2);
    b.output(y);
    const std::string found = mixed_rows(b.graph, y);
    INFO(mix.says << " / " << found);
    CHECK(found.empty() == std::string(mix.says).empty());
    CHECK(says(found, mix.says));
  }
}

TEST_CASE("a batch in the middle of a joined dimension is followed", "[passes]") {
  Build b;  // [T, B, F] -> [T B, F] -> layer -> [T, B, 2 H]; a convolution over sequences tells that the first dimension is no batch
  const ValueId x = b.input("x", {{5, ""}, {2, ""}, {4, ""}});
  const ValueId h = reshape(b, b.linear("h", reshape(b, x, "r", {10, 4}), 4, 6), "s", {5, 2, 6});
  const ValueId y =
      b.node("MatMul", {b.node("ReduceMean", {h, b.integers("axes", {0})}, "m", {{"keepdims", std::int64_t{0}}}, "", 18), b.weight("w", {6, 3})}, "y");
  b.output(y);
  Notes notes;
  CHECK(rebatch(b.graph, notes, 1) > 0);
  INFO(notes.at(0));
  std::vector<Ints> shapes;
  for (const Node& node : b.graph.nodes())
    if (node.op == "Reshape") shapes.push_back(b.graph.value(node.in[1]).data->integers());
  CHECK(shapes == std::vector<Ints>{{-1, 4}, {5, -1, 6}});
}

TEST_CASE("operators that keep rows apart do not stop the batch from being freed", "[passes]") {
  struct Kept {
    const char* op;
    std::vector<std::int64_t> setting;  // second input, where there is one
    Attributes attrs = {};
  };
  const std::vector<Kept> all = {{"Round", {}}, {"Floor", {}}, {"Sin", {}}, {"Pad", {0, 0, 1, 0, 0, 1}}, {"CumSum", {2}}, {"Trilu", {0}},
                                 {"Einsum", {}, {{"equation", std::string("bij->bji")}}}};
  for (const Kept& kept : all) {
    INFO(kept.op);
    Build b;
    const ValueId x = b.input("x", {{4, ""}, {3, ""}, {3, ""}});
    std::vector<ValueId> in{x};
    if (!kept.setting.empty()) in.push_back(b.integers("setting", kept.setting));
    b.output(b.node(kept.op, in, "y", kept.attrs));
    Notes notes;
    CHECK(rebatch(b.graph, notes) > 0);
    INFO(notes.at(0));
    CHECK(b.graph.value(b.graph.inputs.at(0)).type->dims->front().size == -1);
  }
}

}  // namespace lehr
