#include <malloc.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "base/error.h"
#include "engine/metrics/mean.h"
#include "engine/metrics/metric.h"
#include "tests/support/catch.h"

using namespace lehr;
using Floats = std::vector<float>;
using Classes = std::vector<std::int64_t>;

namespace {
constexpr float not_a_score = std::numeric_limits<float>::quiet_NaN();

Scored classified(const Floats& output, const Classes& classes, bool logits = true) {
  const auto rows = static_cast<std::int64_t>(classes.size());
  return {output, rows, rows == 0 ? 1 : static_cast<std::int64_t>(output.size()) / rows, logits, classes, {}};
}
Scored valued(const Floats& output, const Floats& values, std::int64_t width = 1) {
  return {output, static_cast<std::int64_t>(output.size()) / width, width, true, {}, values};
}

Measured measure(const std::string& name, const Scored& batch) {
  const auto metric = make_metric(name, 0);
  metric->add(batch);
  return metric->value();
}

std::string error_of(const std::string& name, const Scored& batch) {
  try {
    measure(name, batch);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

double wilson(double right, double n) {
  const double p = right / n;
  return std::sqrt(p * (1 - p) / n + 1 / (4 * n * n)) / (1 + 1 / n);
}
}  // namespace

TEST_CASE("accuracy by threshold and by the largest score", "[metric]") {
  struct Row { Floats output; Classes classes; bool logits; double value; };
  for (const Row& row : {
           Row{{-1, 2, 0.5f, -3}, {0, 1, 0, 1}, true, 0.5},
           {{0}, {0}, true, 1},               // the threshold itself is not above it
           {{0.4f, 0.6f, 0.5f}, {0, 1, 1}, false, 2.0 / 3},
           {{0.4f, 0.6f}, {1, 1}, true, 1},   // the same numbers as logits
           {{1, 2, 3, 9, 8, 7}, {2, 0}, true, 1},
           {{1, 2, 3, 9, 8, 7}, {1, 2}, true, 0},
           {{5, 5, 5}, {0}, true, 1},         // the first of equals
           {{5, 5, 5}, {1}, true, 0},
           {{not_a_score, 0, 0}, {0}, true, 0},
           {{not_a_score}, {0}, true, 0},
           {{1, 1, 1}, {1, -1, -100}, true, 1},  // negative: ignored
       }) {
    const Measured m = measure("accuracy", classified(row.output, row.classes, row.logits));
    CHECK(m.value == Approx(row.value));
    CHECK(make_metric("accuracy", 0)->percent());
  }
  const Measured m = measure("accuracy", classified({1, 1, 1, -1}, {1, -5, 1, 1}));
  CHECK(m.count == 3);
  CHECK(m.value == Approx(2.0 / 3));
  CHECK(m.uncertainty == Approx(wilson(2, 3)));
}

TEST_CASE("an accuracy's uncertainty is the binomial one, and not 0 at the ends", "[metric]") {
  const auto of = [](std::int64_t right, std::int64_t n) {
    Floats output(static_cast<std::size_t>(n), 1);
    Classes classes(static_cast<std::size_t>(n), 0);
    std::fill_n(classes.begin(), right, 1);
    return measure("accuracy", classified(output, classes));
  };
  CHECK(of(9800, 10000).uncertainty == Approx(std::sqrt(0.98 * 0.02 / 10000)).epsilon(0.01));
  CHECK(of(116, 116).uncertainty == Approx(0.5 / 117));
  CHECK(of(0, 116).uncertainty == of(116, 116).uncertainty);
  const Measured none = measure("accuracy", classified({}, {}));
  CHECK(std::isnan(none.value));
  CHECK(none.count == 0);
}

TEST_CASE("top_k counts the classes before the true one", "[metric]") {
  const Floats output = {0.1f, 0.5f, 0.4f, 0.3f, 9, 8, 7, 6, 5, 5, 5, 5};
  CHECK(measure("top_1", classified(output, {1, 0, 0})).value == 1);
  CHECK(measure("top_2", classified(output, {3, 1, 2})).value == Approx(1.0 / 3));
  CHECK(measure("top_3", classified(output, {3, 2, 2})).value == 1);
  CHECK(measure("top_1", classified(output, {1, 0, 1})).value == measure("accuracy", classified(output, {1, 0, 1})).value);
  CHECK(measure("top_4", classified({not_a_score, 0, 0, 0}, {1})).value == 0);
  CHECK(error_of("top_2", classified({1}, {1})).find("the model gives a single one") != std::string::npos);
  CHECK_THROWS_AS(make_metric("top_3", 3), Error);
  CHECK_THROWS_AS(make_metric("top_0", 3), Error);
  CHECK_THROWS_AS(make_metric("top_k", 9), Error);
  CHECK_NOTHROW(make_metric("top_2", 3));
}

TEST_CASE("auc is the share of pairs in order, ties counting half", "[metric][auc]") {
  CHECK(measure("auc", classified({1, 2, 3, 4}, {0, 0, 1, 1})).value == 1);
  CHECK(measure("auc", classified({1, 2, 3, 4}, {1, 1, 0, 0})).value == 0);
  CHECK(measure("auc", classified({1, 2, 2, 3}, {0, 0, 1, 1})).value == 3.5 / 4);
  CHECK(measure("auc", classified({7, 7, 7, 7}, {0, 1, 0, 1})).value == 0.5);
  for (const Classes& one : {Classes{1, 1}, Classes{0, 0}, Classes{}}) {
    const Measured m = measure("auc", classified(Floats(one.size(), 1), one));
    CHECK(std::isnan(m.value));
    CHECK(std::isnan(m.uncertainty));
  }
  CHECK(std::isnan(measure("auc", classified({1, not_a_score}, {0, 1})).value));
}

TEST_CASE("auc and its DeLong error agree with the pairs counted one by one", "[metric][auc]") {
  std::mt19937 random(11);
  for (int trial = 0; trial < 50; ++trial) {
    Floats output;
    Classes classes;
    for (int i = 0; i < 40; ++i) {
      classes.push_back(i < 2 ? i : static_cast<std::int64_t>(random() % 3 == 0));
      output.push_back(static_cast<float>(random() % 15) + static_cast<float>(classes.back()) * 3);
    }
    std::vector<double> of_positive, of_negative;
    const auto wins = [](float p, float n) { return p > n ? 1.0 : p == n ? 0.5 : 0.0; };
    const auto side = [&](std::int64_t own, std::vector<double>& placements) {
      for (std::size_t i = 0; i < output.size(); ++i) {
        if (classes[i] != own) continue;
        double sum = 0, count = 0;
        for (std::size_t j = 0; j < output.size(); ++j)
          if (classes[j] != own) sum += own == 1 ? wins(output[i], output[j]) : wins(output[j], output[i]), ++count;
        placements.push_back(sum / count);
      }
    };
    side(1, of_positive), side(0, of_negative);
    SampleMean p, n;
    for (const double v : of_positive) p.add(v);
    for (const double v : of_negative) n.add(v);
    const Measured m = measure("auc", classified(output, classes));
    CHECK(m.value == Approx(p.value().value));
    CHECK(m.count == 40);
    if (of_positive.size() > 1) CHECK(m.uncertainty == Approx(std::hypot(p.value().uncertainty, n.value().uncertainty)));
  }
}

TEST_CASE("auc of two scores is that of their difference, of several the mean over the classes", "[metric][auc]") {
  const Floats one = {-2, 1, 0.5f, 3, -1, 2};
  Floats two, probabilities;
  for (const float s : one) two.insert(two.end(), {1 - s, 1}), probabilities.push_back(1 / (1 + std::exp(-s)));
  const Classes classes = {0, 1, 0, 1, 1, 0};
  const Measured m = measure("auc", classified(one, classes));
  CHECK(measure("auc", classified(two, classes)).value == m.value);
  CHECK(measure("auc", classified(two, classes)).uncertainty == Approx(m.uncertainty));
  CHECK(measure("auc", classified(probabilities, classes, false)).value == m.value);

  // Class against rest by softmax: rows are normalised, so adding 100 to a row changes nothing.
  const Floats three = {2, 1, 0, 0, 3, 1, 0, 1, 1.5f, 1, 0, 0.5f, 0, 1, 2, 100, 102, 101};
  const Classes truth = {0, 1, 2, 2, 0, 1};
  double sum = 0;
  for (std::int64_t c = 0; c < 3; ++c) {
    Floats p;
    Classes is;
    for (std::size_t row = 0; row < 6; ++row) {
      double total = 0;
      for (std::size_t k = 0; k < 3; ++k) total += std::exp(three[row * 3 + k] - three[row * 3]);
      p.push_back(static_cast<float>(std::exp(three[row * 3 + static_cast<std::size_t>(c)] - three[row * 3]) / total));
      is.push_back(truth[row] == c);
    }
    sum += measure("auc", classified(p, is)).value;
  }
  const Measured macro = measure("auc", classified(three, truth));
  CHECK(macro.value == Approx(sum / 3));
  CHECK(macro.uncertainty > 0);
  // A class without rows is left out of the mean.
  CHECK_FALSE(std::isnan(measure("auc", classified({2, 1, 0, 0, 3, 1}, {0, 1})).value));
}

TEST_CASE("the uncertainty of several classes' auc is the spread over samples", "[metric][auc]") {
  std::mt19937 random(5);
  std::normal_distribution<float> noise;
  SampleMean values, errors;
  for (int trial = 0; trial < 300; ++trial) {
    Floats output;
    Classes classes;
    for (int i = 0; i < 150; ++i) {
      classes.push_back(i % 3);
      for (int c = 0; c < 3; ++c) output.push_back(noise(random) + (c == i % 3 ? 1.0f : 0.0f));
    }
    const Measured m = measure("auc", classified(output, classes));
    values.add(m.value), errors.add(m.uncertainty);
  }
  const double spread = values.value().uncertainty * std::sqrt(300.0);
  CHECK(errors.value().value == Approx(spread).epsilon(0.15));
}

TEST_CASE("confusion counts by true class and answer", "[metric]") {
  const auto metric = make_metric("confusion", 2);
  metric->add(classified({1, 1, -1, 1, -1}, {1, 0, 0, 1, 1}));
  CHECK(metric->value().value == 0.6);
  const std::vector<std::string> names = {"b", "g"};
  CHECK(text(*metric->tally(), names) ==
        "true \\ answer  b  g  recall  precision\n"
        "b              1  1  50.0 %     50.0 %\n"
        "g              1  2  66.7 %     66.7 %\n");
  metric->add(classified({not_a_score}, {1}));
  CHECK(metric->value().count == 6);
  CHECK(metric->value().value == 0.5);
  CHECK(text(*metric->tally(), {}).find("1 row has NaN scores") != std::string::npos);
  metric->reset();
  CHECK(std::isnan(metric->value().value));
  const auto three = make_metric("confusion", 3);
  three->add(classified({0, 1, 0, 0, 1, 0}, {1, 0}));
  CHECK(text(*three->tally(), {}).find("\n2              0  0  0        -          -\n") != std::string::npos);
}

TEST_CASE("mae and rmse with their standard errors", "[metric]") {
  const Floats output = {1, 2, 3, 4}, target = {1, 0, 6, 4};  // errors 0 2 3 0
  const Scored batch = valued(output, target);
  const Measured mae = measure("mae", batch), rmse = measure("rmse", batch);
  CHECK(mae.value == 1.25);
  CHECK(mae.uncertainty == Approx(std::sqrt((1.25 * 1.25 * 2 + 0.75 * 0.75 + 1.75 * 1.75) / 3 / 4)));
  CHECK(rmse.value == Approx(std::sqrt(13.0 / 4)));
  const double m = 13.0 / 4, sd = std::sqrt((2 * m * m + (4 - m) * (4 - m) + (9 - m) * (9 - m)) / 3);
  CHECK(rmse.uncertainty == Approx(sd / 2 / (2 * std::sqrt(m))));
  CHECK(measure("rmse", valued({1, 2}, {1, 2})).value == 0);
  CHECK(measure("rmse", valued({1, 2}, {1, 2})).uncertainty == 0);
  CHECK_FALSE(make_metric("mae", 0)->higher_is_better());
  CHECK_FALSE(make_metric("rmse", 0)->higher_is_better());
  // The outputs of a row are one sample.
  const Measured wide = measure("mae", valued({1, 3, 0, 0}, {0, 0, 0, 0}, 2));
  CHECK(wide.value == 1);
  CHECK(wide.count == 2);
  CHECK(wide.uncertainty == Approx(1));
  CHECK(std::isnan(measure("mae", valued({}, {})).value));
  CHECK(std::isnan(measure("mae", valued({1}, {2})).uncertainty));
}

TEST_CASE("r2 and its delta-method error", "[metric]") {
  CHECK(measure("r2", valued({1, 2, 3}, {1, 2, 3})).value == 1);
  CHECK(measure("r2", valued({2, 2, 2}, {1, 2, 3})).value == 0);
  CHECK(measure("r2", valued({3, 2, 1}, {1, 2, 3})).value == -3);
  CHECK(measure("r2", valued({1, 2, 2, 2, 3, 2}, {1, 1, 2, 2, 3, 3}, 2)).value == 0.5);  // 1 and 0
  CHECK(std::isnan(measure("r2", valued({1, 2, 3}, {5, 5, 5})).value));
  CHECK(std::isnan(measure("r2", valued({1}, {1})).value));
  CHECK(std::isnan(measure("r2", valued({}, {})).value));

  std::mt19937 random(2);
  std::normal_distribution<float> noise;
  SampleMean values, errors;
  for (int trial = 0; trial < 400; ++trial) {
    Floats output, target;
    for (int i = 0; i < 200; ++i) output.push_back(noise(random)), target.push_back(output.back() + 0.7f * noise(random));
    const Measured m = measure("r2", valued(output, target));
    values.add(m.value), errors.add(m.uncertainty);
  }
  CHECK(errors.value().value == Approx(values.value().uncertainty * std::sqrt(400.0)).epsilon(0.15));
}

TEST_CASE("batches add up, reset forgets", "[metric]") {
  std::mt19937 random(1);
  Floats output, values;
  Classes classes;
  for (int i = 0; i < 90; ++i) {
    output.push_back(static_cast<float>(random() % 100) - 50), values.push_back(static_cast<float>(random() % 100));
    classes.push_back(static_cast<std::int64_t>(random() % 2));
  }
  for (const char* name : {"accuracy", "auc", "confusion", "mae", "rmse", "r2"}) {
    INFO(name);
    const bool by_class = (metric_row(name).takes.front() == Targets::classes);
    const auto metric = make_metric(name, 2);
    const auto batch = [&](std::size_t from, std::size_t count) {
      Scored b{std::span(output).subspan(from, count), static_cast<std::int64_t>(count), 1, true, {}, {}};
      if (by_class) b.classes = std::span(classes).subspan(from, count);
      else b.values = std::span(values).subspan(from, count);
      return b;
    };
    metric->add(batch(0, 90));
    const Measured whole = metric->value();
    metric->reset();
    for (const auto& [from, count] : {std::pair<std::size_t, std::size_t>{0, 28}, {28, 28}, {56, 28}, {84, 6}}) metric->add(batch(from, count));
    CHECK(metric->value().value == Approx(whole.value));
    CHECK(metric->value().uncertainty == Approx(whole.uncertainty));
    CHECK(metric->value().count == 90);
  }
}

TEST_CASE("after the first epoch nothing is allocated", "[metric]") {
  Floats output(256);
  std::iota(output.begin(), output.end(), -100.0f);
  const Classes classes(256, 1);
  for (const char* name : {"accuracy", "auc", "confusion", "mae", "rmse", "r2"}) {
    const auto metric = make_metric(name, 2);
    std::size_t before = 0;
    for (const int epoch : {0, 1}) {
      metric->reset();
      before = mallinfo2().uordblks;  // bytes in use
      for (int i = 0; i < 5; ++i) {
        Scored b = valued(output, output);
        b.classes = classes;
        metric->add(b);
      }
      if (epoch == 0) metric->value();
    }
    INFO(name);
    CHECK(mallinfo2().uordblks == before);
  }
}

TEST_CASE("targets that do not fit are refused", "[metric]") {
  for (const char* name : {"accuracy", "auc", "confusion"}) {
    CHECK(error_of(name, valued({1, 2}, {1, 2})).find("needs one class index a row: there are 0 for 2 rows") != std::string::npos);
    CHECK(error_of(name, classified({1}, {2})).find("class index 2 is beyond the 2 classes the model scores") != std::string::npos);
    CHECK(error_of(name, classified({1, 2, 3}, {3})).find("class index 3 is beyond the 3 classes") != std::string::npos);
  }
  for (const char* name : {"mae", "rmse", "r2"})
    CHECK(error_of(name, classified({1, 2}, {0, 1})).find("needs one target value for each of the 2 outputs: there are 0") != std::string::npos);
  const Floats output = {1, 2, 3};
  const Classes two = {0, 1};
  Scored crooked = classified(output, two);
  crooked.width = 1;
  CHECK(error_of("accuracy", crooked).find("3 scores are not 2 rows of 1") != std::string::npos);
}

TEST_CASE("an unknown metric names the known ones", "[metric]") {
  const auto failure = [](const char* name) {
    try {
      make_metric(name, 2);
    } catch (const Error& error) { return std::string(error.what()); }
    return std::string("made");
  };
  CHECK(failure("acuracy") == "unknown metric 'acuracy', did you mean 'accuracy'?\n  known: accuracy, auc, average_precision, balanced_accuracy, "
                                "confusion, ece, explained_variance, f1, f1_macro, f1_micro, f1_weighted, log_loss, mae, mape, mcc, precision, "
                                "precision_macro, precision_weighted, r2, recall, recall_macro, recall_weighted, rmse, top_k");
  CHECK(failure("top_x").find("unknown metric 'top_x', did you mean 'top_k'?") == 0);
  CHECK(failure("top_k") == "write top_k with a number, such as top_5");
  CHECK((metric_row("top_5").takes == std::vector{Targets::classes}));
  for (const std::string& name : standard_metrics().names()) CHECK_FALSE(standard_metrics().find(name).doc.empty());
}

TEST_CASE("sums that no rows have are not read back", "[metric]") {
  const auto read = [](const char* name, auto... values) {
    Archive out;
    (out(values), ...);
    const std::string bytes = out.take();
    Archive in(bytes);
    const auto metric = make_metric(name, 2);
    metric->fields(in);
    in.end();
    return metric->value();
  };
  using Numbers = std::vector<double>;
  CHECK(read("auc", false, std::int64_t{1}, std::int64_t{2}, Numbers{1, 2}, Classes{0, 1}).value == 1);
  // 5 rows of this width wrap around to 9 scores.
  CHECK_THROWS_AS(read("auc", false, std::int64_t{3689348814741910325}, std::int64_t{5}, Numbers(9), Classes(5)), Error);
  CHECK_THROWS_AS(read("auc", false, std::int64_t{0}, std::int64_t{0}, Numbers{}, Classes{}), Error);
  CHECK_THROWS_AS(read("f1", std::int64_t{1}, std::int64_t{0}, Classes{5}), Error);  // a table of one class
  CHECK_THROWS_AS(read("mcc", std::int64_t{2}, std::int64_t{0}, Classes{1, 2, 3, std::numeric_limits<std::int64_t>::max()}), Error);
  CHECK_THROWS_AS(read("log_loss", 0.0, 0.0, std::int64_t{-5}), Error);
}

TEST_CASE("rows of another width than those before are refused", "[metric]") {
  const auto metric = make_metric("auc", 0);
  metric->add(classified({0.1f, 0.2f, 0.3f, 0.4f}, {0, 1}));
  const Floats wider{1, 2, 3, 4, 5, 6};
  const Classes two{0, 2};
  CHECK_THROWS_AS(metric->add(classified(wider, two)), Error);
}

TEST_CASE("means of losses weigh batches by their rows", "[metric]") {
  LossMean mean;
  CHECK(std::isnan(mean.value()));
  mean.add(1, 28), mean.add(4, 4);
  CHECK(mean.value() == 44.0 / 32);
  CHECK(mean.rows() == 32);
  mean.reset();
  for (int i = 0; i < 1'000'000; ++i) mean.add(0.1, 1);
  CHECK(mean.value() == Approx(0.1).epsilon(1e-15));
  mean.add(std::numeric_limits<double>::infinity(), 1), mean.add(1, 1);
  CHECK(std::isinf(mean.value()));
}
