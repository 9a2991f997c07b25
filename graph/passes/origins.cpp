#include "graph/passes/origins.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <set>

namespace lehr {

namespace {
// "val_12" -> "val"
std::string_view stem(std::string_view name) {
  const std::size_t last = name.find_last_not_of("0123456789");
  return last != std::string_view::npos && last + 1 < name.size() && name[last] == '_' ? name.substr(0, last) : name;
}

using Names = std::set<std::string_view>;
// Results of an exporter's own operators are called after them ("arange_1", "val_12"), tensors are not. These move numbers about or stand for any operator;
const Names& movers() {
  static const Names names = {"val",   "arange", "cat",  "stack",   "unsqueeze", "squeeze",         "transpose", "permute",          "expand",          "view",
                              "zeros", "ones",   "full", "reshape", "slice",     "select",          "clone",     "to",               "_to_copy",        "repeat",
                              "index", "alias",  "eye",  "detach",  "linspace",  "lift_fresh_copy", "full_like", "zeros_like",       "ones_like",       "t",
                              "tril",  "triu",   "_tensor_constant", "scalar_tensor_default"};
  return names;
}
// these make new ones.
const Names& makers() {
  static const Names names = {"div", "mul", "add", "sub", "pow", "reciprocal", "rsqrt", "sqrt", "exp", "log", "sin", "cos", "neg", "cumsum", "where", "floor",
                              "clamp", "clamp_min", "clamp_max", "sigmoid", "tanh", "softmax", "softplus", "relu", "abs", "mean", "sum", "matmul", "mm", "rsub"};
  return names;
}
bool of_operator(std::string_view name) {
  const std::string_view operation = stem(name);
  return (movers().contains(operation) && operation != "t") || makers().contains(operation) || name.starts_with("linalg_");
}

// ['cos', 'val_3']
std::vector<std::string_view> folded_names(std::string_view of) {
  std::vector<std::string_view> out;
  for (std::size_t open = of.find('\''); open != std::string_view::npos; open = of.find('\'', open + 1)) {
    const std::size_t close = of.find('\'', open + 1);
    if (close == std::string_view::npos) break;
    out.push_back(of.substr(open + 1, close - open - 1));
    open = close;
  }
  return out;
}

bool equal_turned(const Tensor& a, const Tensor& b) {
  if (a.shape().size() != 2 || b.shape().size() != 2 || a.shape()[0] != b.shape()[1] || a.shape()[1] != b.shape()[0]) return false;
  const auto x = a.doubles(), y = b.doubles();
  const auto rows = static_cast<std::size_t>(a.shape()[0]), columns = static_cast<std::size_t>(a.shape()[1]);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      if (x[r * columns + c] != y[c * rows + r]) return false;
  return true;
}
}  // namespace

bool made_up(const std::string& name) {
  const std::string last = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
  if (last.starts_with("Constant")) return true;
  return last.starts_with("val_") && last.find_first_not_of("0123456789", 4) == std::string::npos;
}

bool of_source(const Value& value) {
  return !value.origin.constant_node && !made_up(value.name) && value.name.find_first_of("/:") == std::string::npos && !folded_from_nothing(value.origin);
}

bool learned_name(const std::string& name, bool rank_0) {
  if (name.find("ReadVariableOp") != std::string::npos) return true;
  if (made_up(name) || name.find_first_of("/:") != std::string::npos) return false;
  for (const char* prefix : {"const", "auto.", "p2o.", "scalar_tensor"})
    if (name.starts_with(prefix)) return false;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return !rank_0;
  return name.find_first_not_of("0123456789", dot + 1) != std::string::npos;
}

bool gate_name(const std::string& name) {
  static const Names names = {"alpha", "beta", "gamma", "gate", "gain", "weight", "bias", "scale", "temperature", "logit_scale", "slope", "resweight"};
  return names.contains(name);
}

bool folded_from_nothing(const Origin& origin) {
  if (origin.said != Said::folded) return false;
  const auto names = folded_names(origin.of);
  return !names.empty() && std::ranges::all_of(names, of_operator);
}
bool folded_from_module(const Origin& origin) { return origin.said == Said::folded && !folded_from_nothing(origin); }

std::vector<std::string> computed_from(const Value& value) {
  if (value.origin.said != Said::folded) return {};
  std::vector<std::string> tensors;
  bool computed = !movers().contains(stem(value.name)) && stem(value.name) != "embedding";  // an embedding of stored numbers picks rows
  for (const std::string_view name : folded_names(value.origin.of)) {
    if (!of_operator(name)) tensors.emplace_back(name);
    else computed |= !movers().contains(stem(name));
  }
  if (!computed && tensors.size() < 2) tensors.clear();
  return tensors;
}

std::vector<Twins> twins(const Graph& graph, const std::vector<ValueId>& among) {
  const auto of_shape = [&](ValueId id) {
    Shape shape = graph.value(id).data->shape();
    std::ranges::sort(shape);
    return shape;
  };
  std::map<Shape, std::vector<ValueId>> alike;  // only these are read
  for (const ValueId id : among)
    if (graph.value(id).data->size() > 1) alike[of_shape(id)].push_back(id);
  std::vector<Twins> out;
  for (const auto& [shape, ids] : alike) {
    if (ids.size() < 2) continue;
    std::map<std::uint64_t, ValueId> known;  // by the sum of the bits, which no order changes
    for (const ValueId id : ids) {
      const Tensor& data = *graph.value(id).data;
      const auto values = data.doubles();
      if (std::ranges::all_of(values, [&](double x) { return x == values[0]; })) continue;
      std::uint64_t sum = 0;
      for (const double x : values) sum += std::bit_cast<std::uint64_t>(x);
      const auto [it, fresh] = known.emplace(sum, id);
      if (fresh) continue;
      const Tensor& other = *graph.value(it->second).data;
      const bool same = other.shape() == data.shape() && other.doubles() == values;
      if (same || equal_turned(other, data)) out.push_back({it->second, id, !same});
    }
  }
  return out;
}

}  // namespace lehr
