#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/run/predict.h"
#include "graph/passes/prepare.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

// Ends of classifiers as exporters write them, against onnxruntime (tests/corpus/heads/README.md).
namespace lehr {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

Dataset dataset(const Json& rows, const Json& c, bool binary) {
  Dataset data;
  data.source = c.at("file").get<std::string>();
  data.rows = static_cast<std::int64_t>(rows.size());
  Field x{"", {4}, Dtype::f32, {}, {}};
  for (const Json& row : rows)
    for (const Json& value : row) x.f32.push_back(value.get<float>());
  data.features.push_back(std::move(x));
  data.target = {"target", {}, Dtype::i64, {}, c.at("target").get<std::vector<std::int64_t>>()};
  data.classes = binary ? std::vector<std::string>{"n", "y"} : std::vector<std::string>{"a", "b", "c"};
  return data;
}

LossSpec loss_spec(const Json& c) {
  LossSpec spec;
  spec.kind = find_loss(c.at("loss").get<std::string>())->kind;
  if (c.contains("unknown")) spec.scores = Form::probabilities;
  return spec;
}

double loss_of(const Prepared& p, const Dataset& data) {
  const Weights weights(p.graph);
  CompileOptions options;
  options.batch = data.rows, options.mode = Mode::evaluate, options.loss = p.loss, options.outputs = {p.heads.at(0).value};
  Plan plan = compile(p.graph, standard_ops(), weights, options);
  const Feed feed(plan, data, p.graph.value(p.targets.at(0)).name);
  std::vector<std::int32_t> rows;
  for (std::int32_t r = 0; r < data.rows; ++r) rows.push_back(r);
  feed.fill(rows);
  plan.forward();
  return static_cast<double>(plan.loss());
}

// The probabilities the outputs of onnxruntime say.
std::vector<double> expected(const Json& c, bool binary) {
  std::vector<double> out;
  for (const Json& row : c.at("output")) {
    std::vector<double> p;
    for (const Json& value : row) p.push_back(c.at("logarithms").get<bool>() ? std::exp(value.get<double>()) : value.get<double>());
    if (binary && p.size() == 1) p.insert(p.begin(), 1 - p[0]);
    out.insert(out.end(), p.begin(), p.end());
  }
  return out;
}

void look(const Json& rows, const Json& c, const fs::path& folder) {
  const auto model = onnx::read_model(folder / c.at("file").get<std::string>());
  const bool binary = c.at("loss") == "binary_crossentropy";
  const Dataset data = dataset(rows, c, binary);
  PrepareOptions options;
  options.losses = {loss_spec(c)};
  if (c.at("attached") == "refused") {
    CHECK(test::says(test::error_of([&] { prepare(model.graph, options); }), c.at("says").get<std::string>()));
    return;
  }
  const Prepared p = prepare(model.graph, options);
  const Head& head = p.heads.at(0);
  CHECK((head.value != head.answer) == (c.at("attached") == "front"));
  CHECK(head.form == (c.at("attached") == "front" ? Form::logits : Form::probabilities));
  const auto value = c.at("value").get<double>();
  CHECK(loss_of(p, data) == Approx(value).epsilon(2e-5));  // 1 - p of a float32 p near 1 has no more digits
  const auto predicted = run::predict(model, data).values;
  const auto right = expected(c, binary);
  REQUIRE(predicted.size() == right.size());
  double most = 0;
  for (std::size_t i = 0; i < right.size(); ++i) most = std::max(most, std::abs(static_cast<double>(predicted[i]) - right[i]));
  CHECK(most < 1e-6);
}

}  // namespace

TEST_CASE("losses and predictions of classifiers are those of their outputs, however they end", "[heads]") {
  const fs::path folder = fs::path(LEHR_SOURCE_DIR) / "tests/corpus/heads";
  const Json all = Json::parse(read_file(folder / "heads.json"));
  CHECK(all.at("cases").size() > 40);
  for (const Json& c : all.at("cases")) {
    INFO(c.at("file").get<std::string>());
    CHECK(test::error_of([&] { look(all.at("rows"), c, folder); }) == "");
  }
}

}  // namespace lehr
