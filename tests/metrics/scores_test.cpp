// Values by scikit-learn 1.x on the same numbers; ece by its formula.
#include <cmath>
#include <numeric>
#include <random>

#include "base/error.h"
#include "engine/metrics/mean.h"
#include "engine/metrics/metric.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

using namespace lehr;
using Floats = std::vector<float>;
using Classes = std::vector<std::int64_t>;

namespace {
struct Value { const char* metric; double value; };

void check(const Scored& batch, const std::vector<Value>& values, std::int64_t classes) {
  for (const auto& [name, value] : values) {
    INFO(name);
    const auto metric = make_metric(name, classes);
    metric->add(batch);
    CHECK(metric->value().value == Approx(value).epsilon(2e-7));
    CHECK(metric->value().undefined == nullptr);
  }
}

const Floats two_scores = {0.99f, -0.26f, -0.32f, -0.66f, 0.13f, -0.66f, -0.07f, 1.45f, 1.45f, 1.48f, -0.54f, -1.13f,
                           -1.3f, -1.72f, -1.42f, -1.52f, 1.82f, -0.63f, -0.92f, 0.15f, 0.34f, -2.24f, -1.1f, 0.11f};
const Classes two_classes = {0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1};
const std::vector<Value> two_values = {
    {"accuracy", 0.625}, {"balanced_accuracy", 0.607142857}, {"precision", 0.555555556}, {"recall", 0.5}, {"f1", 0.526315789}, {"f1_macro", 0.607985481},
    {"mcc", 0.21821789}, {"auc", 0.692857143}, {"average_precision", 0.648513454}, {"log_loss", 0.631689462}, {"ece", 0.177405443}};

Scored classified(const Floats& output, const Classes& classes, bool logits = true) {
  const auto rows = static_cast<std::int64_t>(classes.size());
  return {output, rows, static_cast<std::int64_t>(output.size()) / rows, logits, classes, {}};
}
Measured measure(const std::string& name, const Scored& batch) {
  const auto metric = make_metric(name, 0);
  metric->add(batch);
  return metric->value();
}
}  // namespace

TEST_CASE("metrics of two classes are scikit-learn's", "[metric]") {
  check(classified(two_scores, two_classes), two_values, 2);
  Floats probabilities, pairs, softmax;
  for (const float s : two_scores) {
    const auto p = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(s))));
    probabilities.push_back(p), pairs.insert(pairs.end(), {1.5f, 1.5f + s}), softmax.insert(softmax.end(), {1 - p, p});
  }
  check(classified(probabilities, two_classes, false), two_values, 2);
  check(classified(pairs, two_classes), two_values, 2);
  check(classified(softmax, two_classes, false), two_values, 2);
}

// numpy: sqrt((n-1)/n sum (t_i - mean t)^2) of scikit-learn's average_precision_score and f1_score without each row, and of ece's formula.
TEST_CASE("uncertainties by the jackknife", "[metric]") {
  const auto of = [](const Measured& m, double value, double error) {
    CHECK(m.value == Approx(value).epsilon(1e-6));
    CHECK(m.uncertainty == Approx(error).epsilon(1e-6));
  };
  const Classes classes = {1, 0, 1, 1, 0, 0, 1, 0};
  of(measure("average_precision", classified({0.9f, 0.8f, 0.8f, 0.3f, 0.2f, 0.6f, 0.5f, 0.3f}, classes, false)), 0.7095238095238094, 0.25291057447357856);
  of(measure("ece", classified({0.91f, 0.77f, 0.85f, 0.31f, 0.23f, 0.63f, 0.55f, 0.37f}, classes, false)), 0.2724999878555536, 0.1258648647421642);
  const Floats truth = {1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1};
  const Floats p = {0.9f, 0.2f, 0.4f, 0.6f, 0.7f, 0.8f, 0.3f, 0.6f, 0.1f, 0.2f, 0.7f, 0.9f, 0.8f, 0.4f, 0.6f, 0.1f, 0.8f, 0.3f};
  const Scored labels{p, 6, 3, false, {}, truth, true};
  of(measure("f1_macro", labels), 0.6984126984126983, 0.04662393513240267);
  of(measure("f1_weighted", labels), 0.6857142857142857, 0.0371857121844658);
  of(measure("f1_micro", labels), 0.7, 0.03267973856209157);
  of(measure("average_precision", labels), 0.8699074074074074, 0.07859109742714278);
  CHECK(std::isnan(measure("average_precision", classified({0.9f, 0.8f}, {1, 0}, false)).uncertainty));  // of one right row there is none without it
}

TEST_CASE("metrics of several classes are scikit-learn's", "[metric]") {
  const Floats scores = {-0.46f, 0.98f, 0.85f, 0.01f, 0.19f, -0.56f, -0.49f, 0.32f, 0.25f, 0.37f, -1.14f, -1.41f, -1.56f, 0.89f, 0.28f, 1.27f, 0.21f, 0.27f,
                         2.21f, -0.66f, 0.18f, 0.25f, 1.63f, -0.36f, 2.27f, 0.18f, -0.71f, -0.63f, 0.87f, -1.36f, -1.3f, 0.01f, -1.05f, -0.92f, 1.01f, 1.01f,
                         -0.87f, 0.86f, -0.93f, 0.27f, 0.09f, -0.87f, -0.94f, -0.85f, 1.68f, -2.08f, -1.1f, -0.02f, -0.37f, 0.47f, 2.85f, -0.26f, 1.28f,
                         -1.04f, 1.73f, 0.57f, 1.58f, -1.82f, 0.96f, -2.34f, -0.34f, 1.05f, -0.01f, 1.24f, 1.03f, 2.18f, 0.36f, -0.38f, -0.63f, 0.68f, 1.0f,
                         -1.0f, 0.78f, -0.04f, 1.17f, -0.54f, 1.72f, 1.54f, -0.32f, -1.52f, 2.21f, 0.61f, -0.51f, 1.25f, -0.89f, 0.79f, 1.13f, -0.19f, -0.06f,
                         -0.26f, 1.2f, -0.61f, -0.23f, -2.7f, -2.29f, 0.28f, 0.8f, 0.37f, -0.27f, 0.77f, -0.35f, 1.69f, -0.92f, -0.69f, -0.01f, -0.22f, -0.02f,
                         0.14f, 1.23f, 0.06f, -0.4f, -1.81f, 2.32f, -0.47f, 1.35f, 1.74f, 0.16f, -0.08f, 0.64f, -0.19f};
  const Classes truth = {1, 0, 1, 0, 2, 2, 0, 0, 2, 0, 0, 0, 2, 2, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 2};  // no row is of the fourth class
  check(classified(scores, truth),
        {{"accuracy", 0.633333333}, {"balanced_accuracy", 0.6875}, {"mcc", 0.521321415}, {"log_loss", 0.988872029}, {"ece", 0.191600196},
         {"f1_macro", 0.514423077}, {"precision_macro", 0.575}, {"recall_macro", 0.515625}, {"f1_weighted", 0.683333333}, {"precision_weighted", 0.813333333},
         {"recall_weighted", 0.633333333}, {"f1_micro", 0.633333333}, {"auc", 0.862689394}, {"average_precision", 0.805266861}},
        4);
  CHECK(test::error_of([] { make_metric("f1", 3); }).find("f1 is for two classes, there are 3: take f1_macro or f1_weighted") != std::string::npos);
}

TEST_CASE("metrics of labels are scikit-learn's", "[metric]") {
  const Floats scores = {0.95f, -0.63f, 0.08f, 1.15f, -0.34f, -0.08f, -0.14f, 0.64f, -0.29f, 0.54f, 0.0f, 0.64f, 0.39f, -1.8f, 0.84f,
                         -0.35f, 1.78f, 1.54f, -0.4f, 1.78f, 2.18f, -2.28f, 1.16f, -0.3f, -2.6f, -0.66f, 0.41f, 1.02f, -0.56f, 0.28f,
                         -1.73f, -1.15f, 0.1f, 0.72f, -0.11f, 1.49f, 0.3f, -0.1f, 0.5f, 1.61f, -1.22f, 0.39f, -2.65f, 2.96f, 1.62f,
                         2.49f, 0.43f, -1.11f, -1.98f, -0.51f, 3.03f, 1.59f, 1.38f, -0.09f, 1.3f, -0.93f, 0.51f, -0.87f, -0.82f, 1.47f};
  const Floats truth = {1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1,
                        0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1};
  check({scores, 20, 3, true, {}, truth, true},
        {{"accuracy", 0.616666667}, {"f1_macro", 0.580246914}, {"f1_micro", 0.610169492}, {"f1_weighted", 0.63034188}, {"precision_macro", 0.551226551},
         {"recall_macro", 0.662962963}, {"precision_weighted", 0.607392607}, {"recall_weighted", 0.692307692}, {"auc", 0.646212121},
         {"average_precision", 0.662177564}, {"log_loss", 0.681170728}},
        0);
  CHECK(misfit("mcc", Targets::labels) == "metric mcc is for classes, the target is several labels a row");
}

TEST_CASE("metrics of numbers are scikit-learn's", "[metric]") {
  const Floats output = {2.42f, 2.83f, 1.34f, 2.1f, 4.48f, 4.49f, 2.67f, 5.11f, 5.3f, 1.83f, 2.25f, 4.82f,
                         4.59f, 3.91f, 2.61f, 4.52f, 1.57f, 2.71f, 2.61f, 1.31f, 5.14f, 4.05f, 2.84f, 2.92f};
  const Floats target = {1.43f, 2.71f, 1.03f, 1.25f, 5.78f, 4.91f, 3.7f, 5.99f, 5.44f, 1.41f, 2.1f, 5.26f,
                         5.42f, 3.41f, 2.14f, 4.84f, 1.3f, 1.85f, 2.51f, 1.19f, 5.99f, 4.18f, 3.13f, 3.13f};
  check({output, 12, 2, true, {}, target}, {{"mae", 0.49999994}, {"mape", 0.194311708}, {"r2", 0.875584126}, {"explained_variance", 0.880853415}}, 0);
}

TEST_CASE("what is undefined says why", "[metric]") {
  const auto why = [](const char* name, const Floats& output, const Classes& classes) {
    const Measured m = measure(name, classified(output, classes));
    CHECK(std::isnan(m.value));
    return std::string(m.undefined ? m.undefined : "");
  };
  CHECK(why("auc", {1, 2}, {1, 1}) == "the rows have one class only");
  CHECK(why("average_precision", {1, 2}, {0, 0}) == "the rows have one class only");
  CHECK(why("mcc", {1, -2}, {1, 1}) == "the rows have one class only");
  CHECK(why("mcc", {1, 2}, {0, 1}) == "all rows are answered with one class");
  CHECK(why("precision", {-1, -2}, {0, 1}) == "no row is answered with the second class");
  CHECK(why("recall", {-1, 2}, {0, 0}) == "no row is of the second class");
  CHECK(why("f1", {-1, -2}, {0, 0}) == "no row is of the second class, or answered with it");
  CHECK(measure("f1", classified({-1, -2}, {1, 0})).value == 0);
  for (const char* name : {"accuracy", "auc", "precision", "f1", "f1_macro", "f1_micro", "balanced_accuracy", "mcc", "log_loss", "ece", "average_precision"}) {
    INFO(name);
    CHECK(why(name, {1, 2}, {-1, -1}) == "no row counts");
  }
  const Floats ones = {1, 1}, some = {1, 2}, zero = {0, 2};
  CHECK(std::string(measure("r2", {some, 2, 1, true, {}, ones}).undefined) == "the targets are constant");
  CHECK(std::string(measure("explained_variance", {some, 2, 1, true, {}, ones}).undefined) == "the targets are constant");
  CHECK(std::string(measure("mape", {some, 2, 1, true, {}, zero}).undefined) == "a target is 0");
  CHECK(std::string(measure("mae", {{}, 0, 1, true, {}, {}}).undefined) == "no row counts");
}

TEST_CASE("rows of a negative class count in no metric", "[metric]") {
  Floats scores = two_scores;
  Classes classes = two_classes;
  scores.insert(scores.end(), {3, -3, 3}), classes.insert(classes.end(), {-1, -1, -100});
  check(classified(scores, classes), two_values, 2);
}

TEST_CASE("the uncertainties of rates are the spread over samples", "[metric]") {
  std::mt19937 random(8);
  std::normal_distribution<float> noise;
  for (const char* name :
       {"f1", "mcc", "precision", "recall", "balanced_accuracy", "f1_macro", "f1_weighted", "precision_macro", "recall_weighted", "log_loss"}) {
    const bool two = std::string(name) == "f1" || std::string(name) == "precision" || std::string(name) == "recall";
    const int classes = two ? 2 : 3;
    SampleMean values, errors;
    for (int trial = 0; trial < 400; ++trial) {
      Floats output;
      Classes truth;
      for (int i = 0; i < 150; ++i) {
        truth.push_back(static_cast<std::int64_t>(random() % 7) % classes);
        for (int c = 0; c < classes; ++c) output.push_back(noise(random) + (c == truth.back() ? 1.0f : 0.0f));
      }
      const Measured m = measure(name, classified(output, truth));
      values.add(m.value), errors.add(m.uncertainty);
    }
    INFO(name);
    CHECK(errors.value().value == Approx(values.value().uncertainty * std::sqrt(400.0)).epsilon(0.15));
  }
}

TEST_CASE("the threshold at which a metric is best", "[metric]") {
  for (const auto& [name, value] : {Value{"f1", 0.695652174}, {"mcc", 0.438187165}, {"accuracy", 0.708333333}, {"balanced_accuracy", 0.721428571}}) {
    INFO(name);
    ThresholdSearch search(name);
    search.add(classified(Floats(two_scores.begin(), two_scores.begin() + 10), Classes(two_classes.begin(), two_classes.begin() + 10)));
    search.add(classified(Floats(two_scores.begin() + 10, two_scores.end()), Classes(two_classes.begin() + 10, two_classes.end())));
    REQUIRE(search.best());
    CHECK(*search.best() == Approx(0.357849058).epsilon(1e-7));
    Scored batch = classified(two_scores, two_classes);
    batch.threshold = *search.best();
    CHECK(measure(name, batch).value == Approx(value).epsilon(1e-7));
  }
  ThresholdSearch none("f1");
  CHECK_FALSE(none.best());
  CHECK(test::error_of([] { ThresholdSearch("auc"); }).find("metric auc does not depend on a threshold; accuracy, ") != std::string::npos);
}
