// model: head, weights and mlp, from the experiment to the written file.
#include "graph/onnx/create.h"
#include "graph/onnx/model.h"
#include "tests/cli/written_cases.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using test::contains;
using test::Ran;
using test::Workplace;

namespace {
Ran done(const Workplace& place, const std::string& arguments) {
  Ran ran = place.lehr(arguments);
  INFO(arguments << "\n" << ran.both());
  REQUIRE(ran.code == 0);
  return ran;
}
std::string refused(const Workplace& place, const std::string& arguments) {
  const Ran ran = place.lehr(arguments);
  INFO(arguments << "\n" << ran.both());
  REQUIRE(ran.code != 0);
  return ran.both();
}
onnx::Model model(const Workplace& place, const std::string& file) { return onnx::read_model_bytes(place.read(file), {}); }
std::vector<float> floats(const onnx::Model& m, const std::string& name) {
  const ValueId id = m.graph.find(name);
  REQUIRE(id != no_value);
  REQUIRE(m.graph.value(id).data);
  return m.graph.value(id).data->floats();
}
}  // namespace

TEST_CASE("the last layer gives way to a fresh one", "[cli][model]") {
  const Workplace place;
  test::written_cases(place);
  const Ran ran = done(place, "run head.yaml --seeds 2 --out head");
  CHECK_THAT(ran.both(), contains("model.head: MatMul node 'MatMul1' ("));
  CHECK_THAT(ran.both(), contains(",3], 'intercepts1' [1,3]) gives way to head.weight ["));
  CHECK_THAT(ran.both(), contains(",2], head.bias [1,2]"));
  CHECK_THAT(ran.both(), contains("what names the old classes is left out of the written file: the output label"));

  const onnx::Model before = model(place, "labels.onnx"), after = model(place, "head/models/seed-0.onnx"),
                    other = model(place, "head/models/seed-1.onnx");
  REQUIRE(after.graph.outputs.size() == 1);
  const Value& out = after.graph.value(after.graph.outputs[0]);
  CHECK(out.name == "probabilities");
  CHECK(out.type->dims->back().size == 2);
  CHECK(after.metadata.at("lehr.classes") == "[\"high\", \"low\"]");
  for (const char* gone : {"coefficient1", "intercepts1", "classes"}) CHECK(after.graph.find(gone) == no_value);
  CHECK(floats(after, "head.weight") != floats(other, "head.weight"));                // each trial draws its own
  CHECK(floats(after, "coefficient") == floats(before, "coefficient"));               // freeze_rest
  CHECK(floats(after, "intercepts") == floats(before, "intercepts"));

  SECTION("without freeze_rest all of it is trained; init says how the layer begins") {
    done(place, "run head.yaml --seeds 1 --out free --set model.head.freeze_rest=false --set 'model.init={\"head.*\": zeros}' --set lr=0");
    const onnx::Model zero = model(place, "free/models/seed-0.onnx");
    for (const float v : floats(zero, "head.weight")) CHECK(v == 0);
    done(place, "run head.yaml --seeds 1 --out free2 --set model.head.freeze_rest=false");
    CHECK(floats(model(place, "free2/models/seed-0.onnx"), "coefficient") != floats(before, "coefficient"));
  }
  SECTION("what was written can get a new layer again") {
    done(place, "run head.yaml --seeds 1 --out again --set model.file=head/models/seed-0.onnx");
    const onnx::Model again = model(place, "again/models/seed-0.onnx");
    CHECK(floats(again, "head.weight").size() == floats(after, "head.weight").size());
    CHECK(floats(again, "coefficient") == floats(before, "coefficient"));
  }
  SECTION("a width that is not the loss's is refused") {
    CHECK_THAT(refused(place, "run head.yaml --set model.head.outputs=5"), contains("needs 2 scores a row (2 classes), the model gives"));
  }
}

TEST_CASE("a run starts from other weights, by name", "[cli][model]") {
  const Workplace place;
  test::written_cases(place);
  const Ran ran = done(place, "run weights.yaml --seeds 1 --out weights --set lr=0");
  CHECK_THAT(ran.both(), contains("model.weights: 7 of 8 tensors start from "));
  CHECK_THAT(ran.both(), contains("other.onnx; not there: W2; not used: W2_other"));
  const onnx::Model got = model(place, "weights/models/seed-0.onnx");
  CHECK(floats(got, "W1") == onnx_models::values(12, 7));  // frozen, written all the same
  CHECK(floats(got, "W2") == onnx_models::values(4, 3));   // the file's own

  SECTION("of a run, of its state, and init on top") {
    const std::string run = "run weights.yaml --seeds 1 --force --out next --set lr=0 --set params=null --set model.weights=";
    CHECK_THAT(done(place, run + "weights").both(), contains("8 of 8 tensors start from "));
    CHECK_THAT(done(place, run + "weights").both(), contains("weights/models/seed-0.onnx (the model after the last epoch)"));
    CHECK(floats(model(place, "next/models/seed-0.onnx"), "W1") == onnx_models::values(12, 7));
    done(place, "run normalized.yaml --seeds 1 --out normalized");
    done(place, "export normalized --trial seed-0 --out normalized.safetensors");
    CHECK_THAT(done(place, run + "normalized.safetensors").both(), contains("8 of 8 tensors start from "));
    CHECK(floats(model(place, "next/models/seed-0.onnx"), "W1") == floats(model(place, "normalized/models/seed-0.onnx"), "W1"));
    CHECK_THAT(done(place, run + "weights --set 'model.init={W1: zeros}'").both(), contains("model.init draws 1 of the 6 tensors of model.weights anew: W1"));
    for (const float v : floats(model(place, "next/models/seed-0.onnx"), "W1")) CHECK(v == 0);
    CHECK_THAT(refused(place, run + "weights --set model.init=zeros"), contains("model.init draws every one of the 6 tensors that model.weights gives"));
  }
  SECTION("what cannot be taken is refused") {
    const auto with = [&](const std::string& weights) { return refused(place, "run weights.yaml --set model.weights=" + weights); };
    place.write("wide.onnx", onnx_models::bytes([] {
                  auto m = test::normalized();
                  *m.mutable_graph()->mutable_initializer(0) = onnx_models::tensor("W1", {3, 5}, onnx_models::values(15));
                  return m;
                }()));
    CHECK_THAT(with("digits400.csv"), contains("is neither a .safetensors nor an .onnx file"));
    CHECK_THAT(with("nothing"), contains("'nothing' is not there"));
    done(place, "run weights.yaml --seeds 2 --out two");
    CHECK_THAT(with("two"), contains("has the models of 2 trials, name one as two/seed-0: seed-0, seed-1"));
    CHECK_THAT(with("wide.onnx"), contains("'W1' is [3,5] there, [3,4] in the model"));
    CHECK_THAT(with("labels.onnx"), contains("no tensor of "));
    CHECK_THAT(with("shared.csv/x.safetensors"), contains("x.safetensors"));
    place.write("bad.safetensors", "12345678{}");
    CHECK_THAT(with("bad.safetensors"), contains("not a safetensors file"));
  }
}

TEST_CASE("a network is made from the data", "[cli][model]") {
  const Workplace place;
  test::written_cases(place);
  SECTION("with its norms and Dropouts, of the data's width") {
    CHECK_THAT(done(place, "run mlp_batch.yaml --seeds 2 --out mlp").both(), contains("model.mlp: 3-6-4-1, Tanh, BatchNormalization, Dropout 0.1"));
    const onnx::Model a = model(place, "mlp/models/seed-0.onnx"), b = model(place, "mlp/models/seed-1.onnx");
    std::vector<std::string> ops;
    for (const Node& n : a.graph.nodes()) ops.push_back(n.op);
    CHECK(join(ops, " ") == "Gemm BatchNormalization Tanh Dropout Gemm BatchNormalization Tanh Dropout Gemm");
    CHECK(a.graph.value(a.graph.find("fc1.weight")).data->shape() == Shape{6, 3});
    CHECK(a.graph.value(a.graph.find("fc3.weight")).data->shape() == Shape{1, 4});
    CHECK(floats(a, "fc1.weight") != floats(b, "fc1.weight"));
    CHECK(done(place, "validate mlp_batch.yaml").both().find("fine") != std::string::npos);
    CHECK_THAT(done(place, "plan mlp_batch.yaml").both(), contains("norm2.running_var"));
    CHECK_THAT(done(place, "resolve mlp_batch.yaml").both(), contains("hidden"));
    done(place, "predict mlp/models/seed-0.onnx small.csv --out predictions.csv");
    CHECK(split(place.read("predictions.csv"), '\n').size() > 40);
  }
  SECTION("as a file of the same layers trains") {
    const auto numbers = [](Shape shape) {
      const auto v = onnx_models::values(static_cast<int>(elements(shape)));
      return Tensor(std::move(shape), std::span<const float>(v));
    };
    place.write("by_hand.onnx", onnx::make_mlp("mlp", {{numbers({5, 3}), numbers({5}), "Relu"}, {numbers({1, 5}), numbers({1}), ""}}));
    done(place,
         "run mlp_batch.yaml --seeds 1 --out made --set model.mlp.hidden=[5] --set model.mlp.activation=relu --set model.mlp.norm=none --set "
         "model.mlp.dropout=0");
    done(place, "run mlp_batch.yaml --seeds 1 --out read --set model.mlp=null --set model.file=by_hand.onnx --set model.init=glorot_uniform");
    const onnx::Model made = model(place, "made/models/seed-0.onnx"), read = model(place, "read/models/seed-0.onnx");
    for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}) CHECK(floats(made, name) == floats(read, name));
  }
  SECTION("of widths that are swept") {
    place.write("sweep.yaml", place.read("mlp_batch.yaml") + "sweep: {model.mlp.hidden: [[], [4], [8, 4]]}\n");
    const Ran ran = done(place, "run sweep.yaml --seeds 1 --out sweep");
    CHECK_THAT(ran.both(), contains("3 points"));
    std::size_t layers = 0;
    for (const char* folder : {"value-1", "value-2", "value-3"}) {
      const onnx::Model written = model(place, cat("sweep/models/model.mlp.hidden=", folder, "/seed-0.onnx"));
      for (const Node& n : written.graph.nodes()) layers += n.op == "Gemm";
    }
    CHECK(layers == 1 + 2 + 3);
  }
  SECTION("by the loss: one score of two classes, behind a Sigmoid") {
    place.write("two.yaml",
                "model: {mlp: {hidden: [4]}}\ndata: {file: two.csv, target: -1, scale: standard}\nloss: binary_crossentropy\noptimizer: {type: adam}\nlr: "
                "0.1\nepochs: 2\n");
    done(place, "run two.yaml --out two");
    const onnx::Model m = model(place, "two/models/seed-0.onnx");
    CHECK(m.graph.nodes().back().op == "Sigmoid");
    CHECK(m.graph.value(m.graph.find("fc2.weight")).data->shape() == Shape{1, 4});
  }
  SECTION("of one input only") {
    CHECK_THAT(refused(place, "run mlp_batch.yaml --set 'data.inputs={u: [a], v: [b]}'"), contains("model.mlp has one input, the data feed 2 (data.inputs)"));
  }
}
}  // namespace lehr
