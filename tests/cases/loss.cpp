#include <cmath>

#include "tests/cases/cases.h"

namespace lehr::cases {

namespace {

Arrays scalar(double value) { return {{Shape{}, {value}}}; }

// Mean over elements of f(score, target).
Reference pairs(std::function<double(double, double)> f, double weight = 1) {
  return [f = std::move(f), weight](const Arrays& in) {
    double sum = 0;
    for (std::size_t i = 0; i < in[0].size(); ++i) sum += f(in[0][i], in[1][i]);
    return scalar(weight * sum / static_cast<double>(in[0].size()));
  };
}
// The same with a weight for each row: sum(r l) / sum(r), l the mean of a row's elements; 0 without any weight.
Reference weighted(std::function<double(double, double)> f) {
  return [f = std::move(f)](const Arrays& in) {
    const std::size_t rows = in[2].size(), width = in[0].size() / rows;
    double sum = 0, all = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      all += in[2][row];
      for (std::size_t i = row * width; i < (row + 1) * width; ++i) sum += in[2][row] * f(in[0][i], in[1][i]) / static_cast<double>(width);
    }
    return scalar(all > 0 ? sum / all : 0);
  };
}
double logits(double z, double y) { return std::max(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z))); }
double probabilities(double p, double y) { return -y * std::log(p) - (1 - y) * std::log(1 - p); }
double huber(double x, double y, double delta) {
  const double r = std::abs(x - y);
  return r <= delta ? r * r / 2 : delta * (r - delta / 2);
}

std::vector<double> log_softmax(std::vector<double> x) {
  double top = x[0], sum = 0;
  for (const double v : x) top = std::max(top, v);
  for (const double v : x) sum += std::exp(v - top);
  for (double& v : x) v -= top + std::log(sum);
  return x;
}

struct Options {
  std::string form = "logits";
  std::vector<float> weights = {};
  float smoothing = 0;
  bool one_hot = false, has_ignore = false;
  std::int64_t ignore = -100;
  float weight = 1;
};

// As torch.nn.functional.cross_entropy with reduction mean.
Reference cross_entropy(Options o) {
  return [o](const Arrays& in) {
    const auto classes = static_cast<std::size_t>(in[0].shape.back());
    double sum = 0, total = 0;
    for (std::size_t row = 0; row * classes < in[0].size(); ++row) {
      std::vector<double> log_p(in[0].values.begin() + static_cast<std::ptrdiff_t>(row * classes),
                                in[0].values.begin() + static_cast<std::ptrdiff_t>((row + 1) * classes));
      if (o.form == "logits") log_p = log_softmax(log_p);
      if (o.form == "probabilities")
        for (double& v : log_p) v = std::log(v);
      const auto w = [&](std::size_t c) { return o.weights.empty() ? 1.0 : o.weights[c]; };
      if (!o.one_hot && o.has_ignore && static_cast<std::int64_t>(in[1][row]) == o.ignore) continue;
      if (!o.one_hot && in[1][row] < 0) continue;
      const std::size_t rows = in[0].size() / classes;
      const double r = in.size() > 2 ? in[2][row / (rows / in[2].size())] : 1;
      const double s = o.smoothing, k = static_cast<double>(classes);
      for (std::size_t c = 0; c < classes; ++c) {
        const bool hit = !o.one_hot && static_cast<std::size_t>(in[1][row]) == c;
        const double t = o.one_hot ? in[1][row * classes + c] : hit;
        sum -= r * w(c) * ((1 - s) * t + s / k) * log_p[c];
        if (hit) total += r * w(c);
      }
      if (o.one_hot) total += r;
    }
    return scalar(total > 0 ? o.weight * sum / total : 0);
  };
}

OpCase entropy(const char* variant, Options o, Shape scores, std::vector<double> targets, double low = -3, double high = 3) {
  Shape index(scores.begin(), scores.end() - 1);
  OpCase c{.op = "SoftmaxCrossEntropy", .domain = "lehr", .opset = 1, .variant = variant, .attrs = {{"form", o.form}, {"weight", o.weight}}};
  if (!o.weights.empty()) c.attrs["class_weights"] = o.weights;
  if (o.smoothing > 0) c.attrs["label_smoothing"] = o.smoothing;
  if (o.one_hot) c.attrs["one_hot"] = std::int64_t{1};
  if (o.has_ignore) c.attrs["ignore_index"] = o.ignore;
  c.in = {parameter(scores, low, high), data(o.one_hot ? scores : index, std::move(targets), o.one_hot ? Dtype::f32 : Dtype::i64)};
  c.reference = cross_entropy(o);
  return c;
}

void add_weighted(std::vector<OpCase>& out) {
  const auto one = [&](const char* op, const char* variant, OpInput x, OpInput y, std::vector<double> weights, Reference reference) {
    const auto rows = static_cast<std::int64_t>(weights.size());
    out.push_back({.op = op, .domain = "lehr", .opset = 1, .variant = variant, .in = {std::move(x), std::move(y), data({rows}, std::move(weights))},
                   .reference = std::move(reference)});
  };
  const auto squared = [](double x, double y) { return (x - y) * (x - y); };
  one("BinaryCrossEntropy", "row weights", parameter({7, 1}, -4, 4), data({7}, {0, 1, 1, 0, 1, 0, 1}), {1, 0.5, 2, 0, 1, 3, 0.25}, weighted(logits));
  one("BinaryCrossEntropy", "row weights of labels", parameter({3, 2}), data({3, 2}, 0, 1), {1, 0, 2.5}, weighted(logits));
  one("BinaryCrossEntropy", "no weight", parameter({3, 1}), data({3}, {0, 1, 1}), {0, 0, 0}, weighted(logits));
  one("MeanSquaredError", "row weights", parameter({5, 3}), data({5, 3}), {1, 0, 2, 0.5, 4}, weighted(squared));
  one("MeanAbsoluteError", "row weights", parameter({5, 1}), data({5, 1}), {1, 0, 2, 0.5, 4}, weighted([](double x, double y) { return std::abs(x - y); }));
  one("Huber", "row weights", parameter({5, 3}, -3, 3), data({5, 3}), {1, 0, 2, 0.5, 4}, weighted([](double x, double y) { return huber(x, y, 1); }));
  const auto entropies = [&](const char* variant, const Options& o, Shape scores, std::vector<double> targets, std::vector<double> weights) {
    OpCase c = entropy(variant, o, std::move(scores), std::move(targets));
    const auto rows = static_cast<std::int64_t>(weights.size());
    c.in.push_back(data({rows}, std::move(weights)));
    out.push_back(std::move(c));
  };
  entropies("row weights", {}, {5, 3}, {0, 2, 1, 1, 0}, {1, 0, 2, 0.5, 4});
  entropies("row weights, a negative index", {}, {5, 3}, {0, -1, 1, 1, 0}, {1, 3, 2, 0.5, 4});
  entropies("row and class weights, smoothed", {.weights = {0.5f, 2, 3}, .smoothing = 0.2f}, {5, 3}, {0, 2, 1, 1, 0}, {1, 0, 2, 0.5, 4});
  entropies("row weights, three axes", {}, {2, 3, 4}, {0, 3, 2, 1, 1, 0}, {1, 2.5});
  entropies("row weights, one hot", {.one_hot = true}, {2, 3}, {0, 1, 0, 1, 0, 0}, {1, 3});
  entropies("no weight", {}, {2, 3}, {0, 1}, {0, 0});
}

void add_pairs(std::vector<OpCase>& out) {
  const std::vector<double> bits{0, 1, 1, 0, 1, 0, 1};
  const auto one = [&](const char* op, const char* variant, Attributes attrs, OpInput x, OpInput y, Reference reference) {
    out.push_back({.op = op, .domain = "lehr", .opset = 1, .variant = variant, .attrs = std::move(attrs), .in = {std::move(x), std::move(y)},
                   .reference = std::move(reference)});
  };
  const Attributes probable{{"form", std::string("probabilities")}};
  one("BinaryCrossEntropy", "logits", {}, parameter({7, 1}, -4, 4), data({7}, bits), pairs(logits));
  one("BinaryCrossEntropy", "large logits", {}, parameter({7}, {-30, 30, -20, 28, 1e4, -1e4, 0}), data({7}, bits), pairs(logits));
  one("BinaryCrossEntropy", "weight", {{"weight", 0.25f}}, parameter({1, 1}), data({1}, {1}), pairs(logits, 0.25));
  one("BinaryCrossEntropy", "soft targets", {}, parameter({3, 2}), data({3, 2}, 0, 1), pairs(logits));
  one("BinaryCrossEntropy", "probabilities", probable, parameter({7, 1}, 0.1, 0.9), data({7}, bits), pairs(probabilities));
  for (const Shape& shape : {Shape{1, 1}, Shape{5, 3}, Shape{67}}) {
    one("MeanSquaredError", "", {}, parameter(shape), data(shape), pairs([](double x, double y) { return (x - y) * (x - y); }));
    one("MeanAbsoluteError", "", {}, parameter(shape), data(shape), pairs([](double x, double y) { return std::abs(x - y); }));
    one("Huber", "", {}, parameter(shape, -3, 3), data(shape), pairs([](double x, double y) { return huber(x, y, 1); }));
    one("Huber", "delta and weight", {{"delta", 0.5f}, {"weight", 3.0f}}, parameter(shape), data(shape),
        pairs([](double x, double y) { return huber(x, y, 0.5); }, 3));
  }
}

void add_entropy(std::vector<OpCase>& out) {
  const std::vector<double> five{0, 2, 1, 1, 0};
  out.push_back(entropy("index", {}, {5, 3}, five));
  out.push_back(entropy("one row", {}, {1, 3}, {2}));
  out.push_back(entropy("37 classes", {}, {2, 37}, {36, 4}));
  out.push_back(entropy("three axes", {}, {2, 3, 4}, {0, 3, 2, 1, 1, 0}));
  out.push_back(entropy("large logits", {}, {5, 3}, five, -1e4, 1e4));
  out.push_back(entropy("log_probabilities", {.form = "log_probabilities"}, {5, 3}, five, -3, -0.1));
  out.push_back(entropy("probabilities", {.form = "probabilities"}, {5, 3}, five, 0.1, 0.9));
  out.push_back(entropy("class weights", {.weights = {0.5f, 2, 3}}, {5, 3}, five));
  out.push_back(entropy("label smoothing", {.smoothing = 0.1f}, {5, 3}, five));
  out.push_back(entropy("ignore index", {.has_ignore = true, .ignore = 1}, {5, 3}, five));
  out.push_back(entropy("ignore outside the classes", {.has_ignore = true, .ignore = -1}, {5, 3}, {0, -1, 1, -1, 2}));
  out.push_back(entropy("all at once", {.weights = {0.5f, 2, 3}, .smoothing = 0.2f, .has_ignore = true, .ignore = 0, .weight = 0.5f}, {5, 3}, five));
  out.push_back(entropy("one hot", {.one_hot = true}, {2, 3}, {0, 1, 0, 1, 0, 0}));
  out.push_back(entropy("soft, weighted, smoothed", {.weights = {0.5f, 2, 3}, .smoothing = 0.2f, .one_hot = true}, {2, 3}, {0.25, 0.5, 0.25, 0, 0.125, 0.875}));
}

// ai.onnx: scores [N,C,d…], class axis 1.
Reference onnx_loss(bool softmax, std::string reduction, bool weighted, std::int64_t ignore, bool log_out) {
  return [=](const Arrays& in) {
    const Shape& shape = in[0].shape;
    const auto classes = static_cast<std::size_t>(shape[1]);
    std::size_t inner = 1;
    for (std::size_t i = 2; i < shape.size(); ++i) inner *= static_cast<std::size_t>(shape[i]);
    Array log_p = in[0], each = filled(in[1].shape);
    double sum = 0, total = 0;
    for (std::size_t row = 0; row < in[1].size(); ++row) {
      const auto at = [&](std::size_t c) { return (row / inner * classes + c) * inner + row % inner; };
      std::vector<double> x;
      for (std::size_t c = 0; c < classes; ++c) x.push_back(in[0][at(c)]);
      if (softmax) x = log_softmax(x);
      for (std::size_t c = 0; c < classes; ++c) log_p[at(c)] = x[c];
      if (static_cast<std::int64_t>(in[1][row]) == ignore) continue;
      const auto t = static_cast<std::size_t>(in[1][row]);
      const double w = weighted ? in[2][t] : 1;
      each[row] = -w * x[t];
      sum += each[row];
      total += w;
    }
    Arrays out{reduction == "none" ? each : scalar(reduction == "sum" ? sum : sum / total)[0]};
    if (log_out) out.push_back(log_p);
    return out;
  };
}

void add_onnx(std::vector<OpCase>& out) {
  for (const auto& [op, softmax, opsets] : {std::tuple{"SoftmaxCrossEntropyLoss", true, std::vector<int>{12, 13}},
                                            std::tuple{"NegativeLogLikelihoodLoss", false, std::vector<int>{12, 13, 22}}})
    for (const int opset : opsets)
      for (const std::string reduction : {"mean", "sum", "none"})
        for (const bool weighted : {false, true})
          for (const bool spatial : {false, true})
            for (const bool log_out : {false, true}) {
              if (log_out && !softmax) continue;
              OpCase c{.op = op,
                       .opset = opset,
                       .variant = cat(reduction, weighted ? " weighted" : "", spatial ? " [N,C,d]" : "", log_out ? " with log_prob" : ""),
                       .attrs = {{"reduction", reduction}}};
              c.in = {parameter(spatial ? Shape{2, 3, 2} : Shape{4, 3}), data(spatial ? Shape{2, 2} : Shape{4}, {0, 2, 1, 1}, Dtype::i64),
                      weighted ? data({3}, {0.5, 2, 3}) : left_out()};
              if (spatial) c.attrs["ignore_index"] = std::int64_t{2};
              c.reference = onnx_loss(softmax, reduction, weighted, spatial ? 2 : -1, log_out);
              if (log_out) c.outputs.push_back(Dtype::f32), c.graded = 2;
              out.push_back(c);
            }
}
}  // namespace

std::vector<OpCase> loss_cases() {
  std::vector<OpCase> out;
  add_pairs(out);
  add_weighted(out);
  add_entropy(out);
  add_onnx(out);
  return out;
}

}  // namespace lehr::cases
