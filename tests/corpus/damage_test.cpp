#include "base/rng.h"
#include "graph/check.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"
#include "tests/corpus/case.h"
#include "tests/support/catch.h"

namespace lehr::corpus {
namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed, Stream::data) {}
  std::size_t roll(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(random_.below(limit)); }

 private:
  Random random_;
};

void damage_node(Graph& graph, Dice& dice, const std::vector<std::string>& names) {
  Node& node = graph.node(dice.roll(graph.nodes().size()));
  switch (dice.roll(8)) {
    case 0:
      node.op = names[dice.roll(names.size())];
      break;
    case 1:
      node.in.resize(dice.roll(node.in.size() + 1));
      break;
    case 2:
      if (!node.in.empty()) node.in[dice.roll(node.in.size())] = no_value;
      break;
    case 3:
      node.attrs.clear();
      break;
    case 4:
      for (auto& [name, value] : node.attrs) value = static_cast<std::int64_t>(dice.roll(5)) - 2;
      break;
    case 5: {  // another value of the graph that is there already
      std::vector<ValueId> ready = graph.inputs;
      for (std::size_t i = 0; i < graph.values().size(); ++i)
        if (graph.values()[i].data) ready.push_back(static_cast<ValueId>(i));
      if (!node.in.empty() && !ready.empty()) node.in[dice.roll(node.in.size())] = ready[dice.roll(ready.size())];
      break;
    }
    case 6:
      node.opset = static_cast<int>(dice.roll(26)) + 1;
      break;
    default:
      node.attrs["axis"] = static_cast<std::int64_t>(dice.roll(9)) - 4;
      break;
  }
}

void damage_value(Graph& graph, Dice& dice) {
  Value& value = graph.value(static_cast<ValueId>(dice.roll(graph.values().size())));
  if (value.data) {
    static const std::vector<Shape> shapes = {{}, {0}, {1}, {3}, {1, 1}, {2, 3}, {0, 4}, {2, 2, 2}};
    TensorType type = value.data->type;
    type.shape = shapes[dice.roll(shapes.size())];
    value.data = std::make_shared<Tensor>(type);
  } else if (value.type) {
    if (dice.roll(2))
      value.type.reset();
    else if (value.type->dims && !value.type->dims->empty())
      (*value.type->dims)[dice.roll(value.type->dims->size())].size = std::int64_t{1} << dice.roll(63);
  }
}

}  // namespace

// No graph a reader accepts may crash a pass: each is prepared, and sound, or refused with an Error.
TEST_CASE("damaged graphs are prepared or refused", "[corpus]") {
  const std::vector<std::string> names = {"Relu",    "Gemm",   "MatMul", "Add",        "Sub",     "Mul",     "Identity",  "Cast",
                                          "Reshape", "Concat", "Gather", "Sigmoid",    "Softmax", "Flatten", "Transpose", "BatchNormalization",
                                          "Squeeze", "Slice",  "Expand", "ReduceMean", "ArgMax",  "Sqrt",    "Shape"};
  int prepared = 0, refused = 0;
  std::uint64_t start = 0;
  for (const auto& folder : case_folders(corpus_root())) {
    const Case c = read_case(folder);
    if (c.losses.empty()) continue;
    Graph original;
    try {
      original = onnx::read_model(c.model).graph;
    } catch (const Error&) {
      continue;
    }
    for (int i = 0; i < 30 && !original.nodes().empty(); ++i) {
      Graph graph = original;
      Dice dice(++start);
      for (std::size_t k = dice.roll(3) + 1; k > 0; --k) dice.roll(3) ? damage_node(graph, dice, names) : damage_value(graph, dice);
      INFO(c.name << " " << start);
      try {
        check(graph);
        PrepareOptions options;
        options.losses = c.losses;
        const Prepared p = prepare(graph, options);
        check(p.graph);
        ++prepared;
      } catch (const Error& error) {
        CHECK_FALSE(error.sentence().empty());
        ++refused;
      }
    }
  }
  CHECK(prepared > 100);
  CHECK(refused > 50);
}

}  // namespace lehr::corpus
