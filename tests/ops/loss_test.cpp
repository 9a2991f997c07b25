#include <cmath>

#include "engine/ops/families.h"
#include "graph/passes/losses.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("losses and their gradients agree with double arithmetic", "[ops]") { check_ops(loss_cases()); }

TEST_CASE("every loss has a row", "[ops]") { CHECK(uncovered(add_loss, loss_cases()) == std::vector<std::string>{}); }

namespace {
struct Trained { float loss; std::vector<float> gradient; };
Trained train(const OpCase& c) {
  const Built b = build(c, c.in);
  Weights weights(b.graph);
  CompileOptions options;
  options.loss = b.loss;
  Plan plan = compile(b.graph, test_ops(), weights, options);
  const Arrays values = fill(c);
  for (std::size_t i = 0; i < c.in.size(); ++i) {
    if (c.in[i].feed != Feed::data) continue;
    const std::string& name = b.graph.value(b.in[i]).name;
    for (std::size_t k = 0; k < values[i].size(); ++k) {
      if (c.in[i].dtype == Dtype::i64) plan.input_i64(name)[k] = static_cast<std::int64_t>(values[i][k]);
      else plan.input_f32(name)[k] = static_cast<float>(values[i][k]);
    }
  }
  plan.forward();
  plan.backward();
  const auto gradient = weights.gradient(weights.parameters()[0]);
  return {plan.loss(), {gradient.begin(), gradient.end()}};
}
}  // namespace

TEST_CASE("a class index outside the classes makes the loss NaN and reads nothing", "[ops]") {
  for (const double bad : {-1.0, 3.0, 1e15}) {
    const double loss = train({.op = "SoftmaxCrossEntropy", .domain = "lehr", .in = {parameter({2, 3}), data({2}, {0, bad}, Dtype::i64)}}).loss;
    CHECK(std::isnan(loss) == (bad >= 0));  // the row of a negative class does not count
    for (const char* op : {"SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"})
      CHECK(std::isnan(train({.op = op, .opset = 13, .in = {parameter({2, 3}), data({2}, {0, bad}, Dtype::i64)}}).loss));
  }
}

TEST_CASE("no finite logit makes a loss or its gradient NaN", "[ops]") {
  const std::vector<double> extreme{1e4, -1e4, 88, -88, 0, 1e-30, -104, 1e4};
  std::vector<OpCase> rows{{.op = "BinaryCrossEntropy", .domain = "lehr", .in = {parameter({8}, extreme), data({8}, {0, 1, 0, 1, 1, 0, 1, 1})}},
                           {.op = "SoftmaxCrossEntropy", .domain = "lehr", .in = {parameter({4, 2}, extreme), data({4}, {1, 0, 1, 0}, Dtype::i64)}},
                           {.op = "SoftmaxCrossEntropyLoss", .opset = 13, .in = {parameter({4, 2}, extreme), data({4}, {1, 0, 1, 0}, Dtype::i64)}},
                           {.op = "MeanSquaredError", .domain = "lehr", .in = {parameter({8}, extreme), data({8})}},
                           {.op = "Huber", .domain = "lehr", .in = {parameter({8}, extreme), data({8})}}};
  const Attributes probable{{"form", std::string("probabilities")}};
  rows.push_back({.op = "BinaryCrossEntropy", .domain = "lehr", .attrs = probable, .in = {parameter({4}, {0, 1, 0, 1}), data({4}, {0, 1, 1, 0})}});
  rows.push_back({.op = "SoftmaxCrossEntropy", .domain = "lehr", .attrs = probable, .in = {parameter({2, 2}, {0, 1, 0, 1}), data({2}, {0, 1}, Dtype::i64)}});
  for (const OpCase& row : rows) {
    INFO(row.op << " " << row.attrs.size());
    const Trained t = train(row);
    CHECK(std::isfinite(t.loss));
    for (const float g : t.gradient) CHECK(std::isfinite(g));
  }
}

TEST_CASE("wrong attributes and shapes of losses are refused", "[ops]") {
  const auto bad = [](const OpCase& c, const std::string& part) {
    const std::string text = op_error(c);
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const OpInput scores = parameter({4, 3}), labels = data({4}, {0, 1, 2, 0}, Dtype::i64);
  const auto entropy = [&](Attributes attrs, OpInput x, OpInput y) {
    return OpCase{.op = "SoftmaxCrossEntropy", .domain = "lehr", .attrs = std::move(attrs), .in = {std::move(x), std::move(y)}};
  };
  bad(entropy({{"form", std::string("logit")}}, scores, labels), "'logit', known are logits, probabilities, log_probabilities, did you mean 'logits'?");
  bad(entropy({{"label_smoothing", 1.0f}}, scores, labels), "'label_smoothing' is 1, it must be in [0, 1)");
  bad(entropy({{"class_weights", std::vector<float>{1, 2}}}, scores, labels), "2 numbers for 3 classes");
  bad(entropy({{"class_weights", std::vector<float>{1, -2, 1}}}, scores, labels), "holds -2");
  bad(entropy({}, scores, data({3}, {0, 1, 2}, Dtype::i64)), "4 elements are needed, there are 3");
  bad(entropy({}, scores, data({4})), "an integer type is needed");
  bad(entropy({{"one_hot", std::int64_t{1}}}, scores, data({4})), "12 elements are needed, there are 4");
  bad({.op = "Huber", .domain = "lehr", .attrs = {{"delta", 0.0f}}, .in = {parameter({2}), data({2})}}, "'delta' is 0, a positive number is needed");
  bad({.op = "MeanSquaredError", .domain = "lehr", .in = {parameter({2}), data({3})}}, "2 and 3, differ");
  bad({.op = "BinaryCrossEntropy", .domain = "lehr", .attrs = {{"form", std::string("log_probabilities")}}, .in = {parameter({2}), data({2})}},
      "known are logits, probabilities");
  bad({.op = "SoftmaxCrossEntropyLoss", .opset = 13, .attrs = {{"reduction", std::string("men")}}, .in = {scores, labels}}, "did you mean 'mean'?");
  bad({.op = "SoftmaxCrossEntropyLoss", .opset = 13, .in = {scores, data({3}, {0, 1, 2}, Dtype::i64)}}, "[4] is needed");
}

TEST_CASE("the row of a loss names an operator and the scores that one takes", "[ops]") {
  for (const LossRow& row : loss_rows) {
    if (row.target == TargetKind::none) continue;
    const bool classes = row.target == TargetKind::classes;
    for (const Form form : {Form::logits, Form::probabilities, Form::log_probabilities}) {
      OpCase c{.op = row.op, .domain = "lehr", .in = {parameter({2, 3}), classes ? data({2}, {0, 1}, Dtype::i64) : data({2, 3})}};
      if (row.forms.has(Form::probabilities)) c.attrs["form"] = std::string(name(form));
      else if (form != Form::logits) continue;  // its operator knows no forms
      INFO(row.name << " " << name(form) << ": " << op_error(c));
      CHECK((op_error(c) == "") == row.forms.has(form));
    }
  }
}
