#include "tests/support/op_case.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/rng.h"
#include "tests/support/catch.h"

namespace lehr::cases {

OpInput parameter(Shape shape, double low, double high, std::vector<double> kinks) {
  return {Feed::parameter, Dtype::f32, std::move(shape), {}, low, high, std::move(kinks)};
}
OpInput parameter(Shape shape, std::vector<double> values) {
  return {Feed::parameter, Dtype::f32, std::move(shape), std::move(values), 0, 0, {}};
}
OpInput data(Shape shape, double low, double high) { return {Feed::data, Dtype::f32, std::move(shape), {}, low, high, {}}; }
OpInput data(Shape shape, std::vector<double> values, Dtype dtype) {
  return {Feed::data, dtype, std::move(shape), std::move(values), 0, 0, {}};
}
OpInput constant(Shape shape, std::vector<double> values, Dtype dtype) {
  return {Feed::constant, dtype, std::move(shape), std::move(values), 0, 0, {}};
}
OpInput integers(std::vector<double> values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return constant(shape, std::move(values), Dtype::i64);
}
OpInput left_out() { return {}; }

Array filled(const Shape& shape, double value) {
  return {shape, std::vector<double>(static_cast<std::size_t>(elements(shape)), value)};
}

Reference map(std::function<double(double)> f) {
  return [f = std::move(f)](const Arrays& in) {
    Array out = in.at(0);
    for (double& v : out.values) v = f(v);
    return Arrays{out};
  };
}

Array zip(const Array& a, const Array& b, const std::function<double(double, double)>& f) {
  Array out = filled(broadcast(a.shape, b.shape));
  const auto offset = [&](const Array& x, std::size_t flat) {
    const Shape steps = strides(x.shape);
    std::int64_t at = 0;
    auto rest = static_cast<std::int64_t>(flat);
    for (std::size_t back = 1; back <= out.shape.size(); ++back) {
      const std::int64_t size = out.shape[out.shape.size() - back], index = rest % size;
      rest /= size;
      if (back <= x.shape.size() && x.shape[x.shape.size() - back] != 1) at += index * steps[steps.size() - back];
    }
    return static_cast<std::size_t>(at);
  };
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = f(a[offset(a, k)], b[offset(b, k)]);
  return out;
}

Reference zip(std::function<double(double, double)> f) {
  return [f = std::move(f)](const Arrays& in) { return Arrays{zip(in.at(0), in.at(1), f)}; };
}

std::vector<Array> fill(const OpCase& c) {
  Arrays out;
  for (std::size_t i = 0; i < c.in.size(); ++i) {
    const OpInput& in = c.in[i];
    if (in.feed == Feed::none) {
      out.emplace_back();
      continue;
    }
    Array a = filled(in.shape);
    Random random(1234 + elements(in.shape), Stream::data, i);
    const auto close = [&](double v) {
      return std::any_of(in.kinks.begin(), in.kinks.end(), [&](double kink) { return std::abs(v - kink) < 0.02; });
    };
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (!in.values.empty()) a[k] = in.values.at(k);
      else do a[k] = in.low + (in.high - in.low) * random.uniform();
        while (close(a[k]));
      if (in.dtype == Dtype::f32) a[k] = static_cast<float>(a[k]);
    }
    out.push_back(std::move(a));
  }
  return out;
}

namespace {

std::string label(const OpCase& c) {
  return cat(c.domain.empty() ? "" : c.domain + ".", c.op, " ", c.opset, c.variant.empty() ? "" : " (" + c.variant + ")");
}

Tensor tensor(const Array& a, Dtype dtype) {
  Tensor out(TensorType{dtype, a.shape});
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (dtype == Dtype::f32) out.as<float>()[k] = static_cast<float>(a[k]);
    else if (dtype == Dtype::i64) out.as<std::int64_t>()[k] = static_cast<std::int64_t>(a[k]);
    else out.as<std::uint8_t>()[k] = a[k] != 0;
  }
  return out;
}

DeclaredType declared(Dtype dtype, const Shape& shape) {
  std::vector<Dim> dims;
  for (const std::int64_t size : shape) dims.push_back({size, ""});
  return {dtype, dims};
}

Value computed(const std::string& name) {
  Value value;
  value.name = name;
  return value;
}

ValueId one(Graph& graph, const std::string& op, const std::string& domain, std::vector<ValueId> in) {
  const ValueId out = graph.add(computed(""));
  graph.add(Node{.op = op, .domain = domain, .name = "", .opset = 1, .attrs = {}, .in = std::move(in), .out = {out}});
  return out;
}

void close(const std::string& what, const std::vector<double>& got, const std::vector<double>& want, double tolerance, double each) {
  INFO(what);
  REQUIRE(got.size() == want.size());
  double error = 0, norm = 0, largest = 0;
  for (std::size_t k = 0; k < want.size(); ++k) {
    if (!std::isfinite(want[k])) continue;
    error += (got[k] - want[k]) * (got[k] - want[k]);
    norm += want[k] * want[k];
    largest = std::max(largest, std::abs(want[k]));
  }
  INFO("error " << std::sqrt(error) << " of norm " << std::sqrt(norm));
  if (!(std::sqrt(error) <= tolerance * std::sqrt(norm) + 1e-30)) {
    INFO("got  " << join(got, " "));
    INFO("want " << join(want, " "));
    CHECK(std::sqrt(error) <= tolerance * std::sqrt(norm) + 1e-30);
  }
  for (std::size_t k = 0; k < want.size(); ++k) {
    if (std::isfinite(want[k]) && each <= 0) continue;
    INFO("element " << k << ": got " << got[k] << ", want " << want[k]);
    if (std::isnan(want[k])) CHECK(std::isnan(got[k]));
    else if (std::isinf(want[k])) CHECK(got[k] == want[k]);
    else if (!(std::abs(got[k] - want[k]) <= each * std::max(std::abs(want[k]), 1e-3 * largest)))
      CHECK(std::abs(got[k] - want[k]) <= each * std::max(std::abs(want[k]), 1e-3 * largest));
  }
}

std::vector<double> widened(std::span<const float> x) { return {x.begin(), x.end()}; }

double weighted(const OpCase& c, const Arrays& out) {
  double sum = 0;
  for (std::size_t i = 0; i < c.graded; ++i)
    for (std::size_t k = 0; k < out.at(i).size(); ++k) sum += projection(i, k) * out[i][k];
  return sum;
}

// d(loss)/d(in i) by central differences of the reference.
std::vector<double> differences(const OpCase& c, Arrays in, std::size_t i) {
  std::vector<double> out;
  for (double& x : in[i].values) {
    const double middle = x, h = c.difference * std::max(1.0, std::abs(middle));
    x = middle + h;
    const double above = weighted(c, c.reference(in));
    x = middle - h;
    const double below = weighted(c, c.reference(in));
    x = middle;
    out.push_back((above - below) / (2 * h));
  }
  return out;
}

// What a compiled row gives: outputs widened, gradients of parameters by input.
struct Outcome {
  Arrays out;
  std::map<std::size_t, std::vector<double>> gradients;
  double loss = 0;
};

Outcome run(const OpCase& c, const std::vector<OpInput>& in, const Arrays& values, Mode mode, bool used_twice) {
  Built b = build(c, in);
  std::map<std::size_t, std::size_t> direct;  // input -> its place among the loss' inputs
  if (used_twice && b.loss != no_value) {
    Node& loss = b.graph.node(*b.graph.producer(b.loss));
    for (std::size_t i = 0; i < in.size(); ++i)
      if (in[i].feed == Feed::parameter) {
        direct[i] = loss.in.size();
        loss.in.push_back(b.in[i]);
      }
  }
  CompileOptions options;
  options.mode = mode;
  for (std::size_t i = 0; i < b.out.size(); ++i) {
    if (c.outputs[i] != Dtype::f32) b.out[i] = one(b.graph, "ToFloat", "test", {b.out[i]});
    options.outputs.push_back(b.out[i]);
  }
  const bool trains = mode == Mode::train && b.loss != no_value &&
                      std::any_of(in.begin(), in.end(), [](const OpInput& x) { return x.feed == Feed::parameter; });
  if (trains) options.loss = b.loss;
  Weights weights(b.graph);
  Plan plan = compile(b.graph, test_ops(), weights, options);
  Outcome outcome;
  for (int repeat = 0; repeat < 2; ++repeat) {  // a second run must not remember the first
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in[i].feed != Feed::data) continue;
      const std::string name = b.graph.value(b.in[i]).name;
      if (in[i].dtype == Dtype::i64) {
        const auto to = plan.input_i64(in[i].dtype == Dtype::boolean ? name + ".f32" : name);
        for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<std::int64_t>(values[i][k]);
      } else {
        const auto to = plan.input_f32(in[i].dtype == Dtype::boolean ? name + ".f32" : name);
        for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<float>(values[i][k]);
      }
    }
    plan.forward();
    if (trains) plan.backward();
  }
  for (const ValueId id : b.out) outcome.out.push_back({plan.type(id).shape, widened(plan.output_f32(id))});
  if (!trains) return outcome;
  outcome.loss = plan.loss();
  for (const Parameter& p : weights.parameters())
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (b.in[i] != p.value) continue;
      auto gradient = widened(weights.gradient(p));
      if (direct.contains(i))
        for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] -= projection(direct[i], k);
      outcome.gradients[i] = std::move(gradient);
    }
  return outcome;
}

void compare(const OpCase& c, const std::string& what, const Outcome& got, const Arrays& want) {
  INFO(what);
  REQUIRE(got.out.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CHECK(got.out[i].shape == want[i].shape);
    close(cat("output ", i), got.out[i].values, want[i].values, c.tolerance, c.each);
  }
}

void compare_gradients(const OpCase& c, const std::string& what, const Outcome& got, const std::map<std::size_t, std::vector<double>>& want) {
  INFO(what);
  for (const auto& [i, gradient] : got.gradients)
    close(cat("gradient of input ", i), gradient, want.at(i), c.gradient_tolerance, 0);
}

// The factory alone: declared types, and folding where every input is known.
void check_infer(const OpCase& c, const Arrays& values, const Arrays& want) {
  const Built b = build(c, c.in);
  std::vector<Tensor> tensors;
  std::vector<TensorType> types;
  for (std::size_t i = 0; i < c.in.size(); ++i) {
    types.push_back({c.in[i].dtype, c.in[i].shape});
    tensors.push_back(c.in[i].feed == Feed::none ? Tensor() : tensor(values[i], c.in[i].dtype));
  }
  std::vector<const Tensor*> known, all;
  for (std::size_t i = 0; i < c.in.size(); ++i) {
    known.push_back(c.in[i].feed == Feed::constant ? &tensors[i] : nullptr);
    all.push_back(c.in[i].feed == Feed::none ? nullptr : &tensors[i]);
  }
  const std::size_t at = *b.graph.producer(b.out[0]);
  const Node& node = b.graph.nodes()[at];
  const auto op = test_ops().find(table_name(node), node.opset)(NodeView(b.graph, node, Mode::train, types, known));
  const auto inferred = op->infer();
  REQUIRE(inferred.size() >= want.size());
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(inferred[i] == TensorType{c.outputs[i], want[i].shape});
  const auto folded = op->fold(all);
  if (folded.empty()) return;
  INFO("folded");
  REQUIRE(folded.size() >= want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CHECK(folded[i].type == inferred[i]);
    close(cat("output ", i), folded[i].doubles(), want[i].values, c.tolerance, c.each);
  }
}

}  // namespace

Built build(const OpCase& c, const std::vector<OpInput>& in) {
  Built b;
  const Arrays values = fill(c);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i].feed == Feed::none) {
      b.in.push_back(no_value);
      continue;
    }
    const std::string name = cat("in", i);
    Value value{.name = name, .role = Role::input, .type = declared(in[i].dtype, in[i].shape), .data = nullptr, .why = ""};
    if (in[i].feed != Feed::data) {
      value.role = in[i].feed == Feed::parameter ? Role::parameter : Role::constant;
      value.data = std::make_shared<const Tensor>(tensor(values[i], in[i].dtype));
    } else if (in[i].dtype == Dtype::boolean) {  // booleans enter as floats
      value.name += ".f32";
      value.type = declared(Dtype::f32, in[i].shape);
      const ValueId raw = b.graph.add(value);
      b.graph.inputs.push_back(raw);
      const ValueId crossed = b.graph.add(computed(name));
      b.graph.add(Node{.op = "ToBoolean", .domain = "test", .name = "", .opset = 1, .attrs = {}, .in = {raw}, .out = {crossed}});
      b.in.push_back(crossed);
      continue;
    }
    b.in.push_back(b.graph.add(value));
    if (in[i].feed == Feed::data) b.graph.inputs.push_back(b.in.back());
  }
  for (std::size_t i = 0; i < c.outputs.size(); ++i) b.out.push_back(b.graph.add(computed(cat("out", i))));
  b.graph.add(Node{.op = c.op, .domain = c.domain, .name = "", .opset = c.opset, .attrs = c.attrs, .in = b.in, .out = b.out});
  b.graph.outputs = b.out;
  if (c.graded > 0) b.loss = one(b.graph, "Project", "test", {b.out.begin(), b.out.begin() + static_cast<std::ptrdiff_t>(c.graded)});
  return b;
}

void check_op(const OpCase& c) {
  INFO(label(c));
  const Arrays values = fill(c);
  const Arrays want = c.reference(values);
  REQUIRE(want.size() == c.outputs.size());
  check_infer(c, values, want);
  compare(c, "evaluate", run(c, c.in, values, Mode::evaluate, false), c.evaluate ? c.evaluate(values) : want);

  std::map<std::size_t, std::vector<double>> gradients;
  for (std::size_t i = 0; i < c.in.size() && c.graded > 0; ++i)
    if (c.in[i].feed == Feed::parameter) gradients[i] = differences(c, values, i);
  const Outcome all = run(c, c.in, values, Mode::train, false);
  compare(c, "train", all, want);
  CHECK(all.gradients.size() == gradients.size());
  compare_gradients(c, "all gradients", all, gradients);
  if (gradients.empty()) return;
  compare_gradients(c, "gradients added", run(c, c.in, values, Mode::train, true), gradients);
  for (const auto& [alone, gradient] : gradients) {
    auto in = c.in;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (i != alone && in[i].feed == Feed::parameter) in[i].feed = Feed::data;
    compare_gradients(c, cat("gradient of input ", alone, " alone"), run(c, in, values, Mode::train, false), gradients);
  }
}

void check_ops(const std::vector<OpCase>& rows) {
  CHECK(!rows.empty());
  for (const OpCase& row : rows) {
    INFO(label(row));
    std::string error;
    try {
      check_op(row);
    } catch (const Error& e) {
      error = e.what();
    }
    CHECK(error == "");
  }
}

std::string op_error(const OpCase& c) {
  try {
    const Built b = build(c, c.in);
    Weights weights(b.graph);
    CompileOptions options;
    options.loss = b.loss;
    options.outputs = b.out;
    compile(b.graph, test_ops(), weights, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::vector<std::string> uncovered(void (*add)(OpTable&), const std::vector<OpCase>& rows) {
  OpTable table("operator");
  add(table);
  std::set<std::pair<std::string, int>> seen;
  for (const OpCase& row : rows) {
    const std::string name = row.domain.empty() ? row.op : row.domain + "." + row.op;
    int version = 0;
    for (const int v : table.versions(name))
      if (v <= row.opset) version = std::max(version, v);
    seen.insert({name, version});
  }
  std::vector<std::string> out;
  for (const std::string& name : table.names())
    for (const int version : table.versions(name))
      if (!seen.contains({name, version})) out.push_back(cat(name, " ", version));
  return out;
}

}  // namespace lehr::cases
