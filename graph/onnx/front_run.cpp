#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "base/error.h"
#include "graph/onnx/attributes.h"
#include "graph/onnx/front_nodes.h"
#include "graph/onnx/tensor.h"

namespace lehr::onnx {

namespace {
struct FrontValue {
  Shape shape;
  std::vector<double> numbers;  // of every type; whole ones are below 2^53
  std::vector<std::string> texts;
};
double rounded(double x, int type) {
  return type == TensorProto::FLOAT ? static_cast<double>(static_cast<float>(x)) : type == TensorProto::INT64 ? std::trunc(x) : x;
}

const ::onnx::AttributeProto& attribute(const NodeProto& node, const char* name) {
  for (const auto& a : node.attribute())
    if (a.name() == name) return a;
  throw Error(title(node), " has no ", name);
}

// Two matrices, a row or a column of size 1 standing for all.
template <class F>
FrontValue broadcast(const std::vector<const FrontValue*>& in, const F& f) {
  std::int64_t rows = 1, columns = 1;
  for (const FrontValue* v : in) {
    if (v->shape.size() != 2) throw Error("a matrix is expected, not ", v->shape);
    rows = std::max(rows, v->shape[0]), columns = std::max(columns, v->shape[1]);
  }
  FrontValue out{{rows, columns}, {}, {}};
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      double x[3] = {};
      for (std::size_t k = 0; k < in.size(); ++k) {
        const FrontValue& v = *in[k];
        x[k] = v.numbers.at(static_cast<std::size_t>((v.shape[0] == 1 ? 0 : r) * v.shape[1] + (v.shape[1] == 1 ? 0 : c)));
      }
      out.numbers.push_back(f(x));
    }
  return out;
}

FrontValue product(const FrontValue& a, const FrontValue& b) {
  FrontValue out{{a.shape.at(0), b.shape.at(1)}, {}, {}};
  for (std::int64_t r = 0; r < a.shape[0]; ++r)
    for (std::int64_t c = 0; c < b.shape[1]; ++c) {
      double sum = 0;
      for (std::int64_t k = 0; k < a.shape.at(1); ++k)
        sum += a.numbers.at(static_cast<std::size_t>(r * a.shape[1] + k)) * b.numbers.at(static_cast<std::size_t>(k * b.shape[1] + c));
      out.numbers.push_back(sum);
    }
  return out;
}

// One column of a matrix.
FrontValue column(const FrontValue& v, const FrontValue& index) {
  const auto at = static_cast<std::int64_t>(index.numbers.at(0)), columns = v.shape.at(1);
  if (at < 0 || at >= columns) throw Error("column ", at, " of ", columns);
  FrontValue out{{v.shape[0], 1}, {}, {}};
  for (std::int64_t r = 0; r < v.shape[0]; ++r) out.numbers.push_back(v.numbers.at(static_cast<std::size_t>(r * columns + at)));
  return out;
}

FrontValue beside(const std::vector<const FrontValue*>& in) {
  const std::int64_t rows = in.at(0)->shape.at(0);
  FrontValue out{{rows, 0}, {}, {}};
  for (const FrontValue* v : in) out.shape[1] += v->shape.at(1);
  for (std::int64_t r = 0; r < rows; ++r)
    for (const FrontValue* v : in) {
      const auto from = v->numbers.begin() + static_cast<std::ptrdiff_t>(r * v->shape[1]);
      out.numbers.insert(out.numbers.end(), from, from + static_cast<std::ptrdiff_t>(v->shape[1]));
    }
  return out;
}

FrontValue labels(const NodeProto& node, const FrontValue& v) {
  std::map<std::string, double> codes;
  const auto& keys = attribute(node, "keys_strings").strings();
  const auto& values = attribute(node, "values_int64s").ints();
  for (int k = 0; k < keys.size(); ++k) codes.emplace(keys[k], static_cast<double>(values.at(k)));
  const auto unknown = static_cast<double>(attribute(node, "default_int64").i());
  FrontValue out{v.shape, {}, {}};
  for (const auto& t : v.texts) {
    const auto it = codes.find(t);
    out.numbers.push_back(it == codes.end() ? unknown : it->second);
  }
  return out;
}

FrontValue one_hot(const NodeProto& node, const FrontValue& v) {
  const auto& known = attribute(node, "cats_int64s").ints();
  const bool zeros = attribute(node, "zeros").i() != 0;
  FrontValue out{v.shape, {}, {}};
  out.shape.push_back(known.size());
  for (const double x : v.numbers) {
    bool found = false;
    for (const std::int64_t k : known) {
      const bool is = static_cast<double>(k) == x;
      out.numbers.push_back(is);
      found = found || is;
    }
    if (!found && !zeros) throw Error("a category that is none of ", known.size());
  }
  return out;
}

FrontValue reshaped(FrontValue v, const FrontValue& to) {
  Shape shape;
  std::int64_t known = 1;
  for (const double d : to.numbers) shape.push_back(static_cast<std::int64_t>(d)), known *= d < 0 ? 1 : static_cast<std::int64_t>(d);
  for (auto& d : shape)
    if (d < 0) d = static_cast<std::int64_t>(v.numbers.size()) / std::max<std::int64_t>(known, 1);
  v.shape = std::move(shape);
  return v;
}

FrontValue transposed(const FrontValue& v, const std::vector<std::size_t>& perm) {
  const std::size_t rank = v.shape.size();
  std::vector<std::int64_t> step(rank, 1), at(rank, 0);
  for (std::size_t i = rank; i-- > 1;) step[i - 1] = step[i] * v.shape[i];
  FrontValue out{{}, {}, {}};
  for (const std::size_t p : perm) out.shape.push_back(v.shape.at(p));
  for (std::size_t n = 0; n < v.numbers.size(); ++n) {
    std::int64_t from = 0;
    for (std::size_t i = 0; i < rank; ++i) from += at[i] * step[perm[i]];
    out.numbers.push_back(v.numbers.at(static_cast<std::size_t>(from)));
    for (std::size_t i = rank; i-- > 0 && ++at[i] == out.shape[i];) at[i] = 0;
  }
  return out;
}

FrontValue constant(const NodeProto& node) {
  const Tensor t = read_tensor(attribute(node, "value").t(), ExternalData("."));
  return {t.shape(), t.doubles(), {}};
}

FrontValue result(const NodeProto& node, const std::vector<const FrontValue*>& in) {
  const std::string& op = node.op_type();
  const auto each = [&](const auto& f) { return broadcast(in, f); };
  if (op == "Constant") return constant(node);
  if (op == "Identity") return *in.at(0);
  if (op == "Sub") return each([](const double* x) { return x[0] - x[1]; });
  if (op == "Add") return each([](const double* x) { return x[0] + x[1]; });
  if (op == "Mul") return each([](const double* x) { return x[0] * x[1]; });
  if (op == "Max") return each([](const double* x) { return std::max(x[0], x[1]); });
  if (op == "Min") return each([](const double* x) { return std::min(x[0], x[1]); });
  if (op == "Log") return each([](const double* x) { return std::log(x[0]); });
  if (op == "Sqrt") return each([](const double* x) { return std::sqrt(x[0]); });
  if (op == "Pow") return each([](const double* x) { return std::pow(x[0], x[1]); });
  if (op == "Greater") return each([](const double* x) -> double { return x[0] > x[1]; });
  if (op == "Gather") return column(*in.at(0), *in.at(1));
  if (op == "Equal") return each([](const double* x) -> double { return x[0] == x[1]; });
  if (op == "IsNaN") return each([](const double* x) -> double { return std::isnan(x[0]); });
  if (op == "Where") return each([](const double* x) { return x[0] != 0 ? x[1] : x[2]; });
  if (op == "MatMul") return product(*in.at(0), *in.at(1));
  if (op == "Concat") return beside(in);
  if (op == "LabelEncoder") return labels(node, *in.at(0));
  if (op == "OneHotEncoder") return one_hot(node, *in.at(0));
  if (op == "Reshape") return reshaped(*in.at(0), *in.at(1));
  if (op == "Cast") {
    FrontValue out = *in.at(0);
    for (double& x : out.numbers) x = rounded(x, static_cast<int>(attribute(node, "to").i()));
    return out;
  }
  if (op == "Transpose") {
    const auto& perm = attribute(node, "perm").ints();
    return transposed(*in.at(0), {perm.begin(), perm.end()});
  }
  throw Error("a front has no such node");
}

// The dimension of the rows first again.
FrontValue rows_first(const FrontValue& v, std::size_t axis) {
  std::vector<std::size_t> perm{axis};
  for (std::size_t i = 0; i < v.shape.size(); ++i)
    if (i != axis) perm.push_back(i);
  return transposed(v, perm);
}
}  // namespace

std::map<std::string, std::vector<double>> run_front(const std::string& bytes, const std::vector<RawFeed>& feeds, const std::vector<RawCells>& cells,
                                                     const std::map<std::string, std::size_t>& batch_axes, std::int64_t rows) {
  ModelProto model;
  if (!model.ParseFromString(bytes)) throw Error("the file cannot be read back: protobuf refuses it");
  std::map<std::string, FrontValue> values;
  for (std::size_t i = 0; i < feeds.size(); ++i)
    values[feeds[i].name] = {{rows, feeds[i].width()}, cells.at(i).numbers, cells.at(i).texts};
  std::map<std::string, std::vector<double>> out;
  for (const NodeProto& node : model.graph().node()) {
    if (node.output_size() != 1 || !node.output(0).starts_with(front_prefix)) continue;
    within([&] { return title(node); },
           [&] {
             std::vector<const FrontValue*> in;
             for (const auto& name : node.input()) {
               const auto it = values.find(name);
               if (it == values.end()) throw Error("it reads ", quote(name), ", which nothing in front makes");
               in.push_back(&it->second);
             }
             values[node.output(0)] = result(node, in);
           });
    const auto axis = batch_axes.find(node.output(0).substr(std::string(front_prefix).size()));
    if (axis != batch_axes.end()) out[axis->first] = rows_first(values.at(node.output(0)), axis->second).numbers;
  }
  return out;
}

std::vector<double> run_unit(const std::string& bytes, std::vector<double> outputs) {
  ModelProto model;
  if (!model.ParseFromString(bytes)) throw Error("the file cannot be read back: protobuf refuses it");
  std::map<std::string, FrontValue> values;
  std::string last;
  for (const NodeProto& node : model.graph().node()) {
    if (!node.name().starts_with(unit_prefix)) continue;
    within([&] { return title(node); },
           [&] {
             std::vector<const FrontValue*> in;
             for (const auto& name : node.input()) {
               const bool network = !name.starts_with(cat(unit_prefix, "#"));
               if (network) values[name] = {{static_cast<std::int64_t>(outputs.size()), 1}, outputs, {}};
               in.push_back(&values.at(name));
             }
             FrontValue made = result(node, in);
             const auto width = static_cast<std::int64_t>(made.numbers.size());
             if (node.op_type() == "Constant") {  // one row; so is what it meets
               made.shape = {1, width};
               for (auto& [name, v] : values)
                 if (!name.starts_with(cat(unit_prefix, "#")) || v.shape[1] == 1) v.shape = {static_cast<std::int64_t>(v.numbers.size()) / width, width};
             }
             values[last = node.output(0)] = std::move(made);
           });
  }
  if (last.empty()) throw Error("no node puts its output into the target's unit");
  return values.at(last).numbers;
}

}  // namespace lehr::onnx
