#include "graph/onnx/front_build.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace lehr::onnx {

namespace {
constexpr const char* ml = "ai.onnx.ml";

std::int64_t width(const std::vector<RawColumn>& columns) { return static_cast<std::int64_t>(columns.size()); }

template <class Of>
std::string row(NodeList& list, const std::vector<RawColumn>& columns, const Of& of) {
  std::vector<double> out;
  for (const RawColumn& c : columns) out.push_back(of(c));
  return list.constant({1, width(columns)}, out);
}

template <class Is>
std::string mask(NodeList& list, const std::vector<RawColumn>& columns, const Is& is) {
  std::vector<bool> out;
  for (const RawColumn& c : columns) out.push_back(is(c));
  return list.truths({1, width(columns)}, out);
}

std::string one(NodeList& list, double value) { return list.constant({1, 1}, std::vector<double>{value}); }

// The steps of the columns that have these; the others pass as they are, 1 standing for them inside.
std::string stepped(NodeList& list, const std::string& value, const std::vector<RawColumn>& columns, const std::vector<RawStep>& steps) {
  const auto has = [&](const RawColumn& c) { return c.steps == steps; };
  const bool all = std::ranges::all_of(columns, has);
  const std::string chosen = all ? "" : mask(list, columns, has);
  std::string out = all ? value : list.node("Where", {chosen, value, one(list, 1)});
  for (const RawStep& step : steps) out = step.operand ? list.node(step.op, {out, one(list, *step.operand)}) : list.node(step.op, {out});
  return all ? out : list.node("Where", {chosen, out, value});
}

// The share of training rows below, of one column [N, 1]: a ramp for each gap between two quantiles, a jump at each that many rows share.
std::string share(NodeList& list, const std::string& value, const std::vector<double>& knots) {
  struct Knot { double at, low, high; };
  std::vector<Knot> distinct;
  const double last = static_cast<double>(std::max<std::size_t>(knots.size() - 1, 1));
  for (std::size_t i = 0; i < knots.size(); ++i) {
    const double place = static_cast<double>(i) / last;
    if (distinct.empty() || distinct.back().at != knots[i]) distinct.push_back({knots[i], place, place});
    distinct.back().high = place;
  }
  if (distinct.size() == 1) distinct[0].high = 1;
  const auto count = static_cast<std::int64_t>(distinct.size());
  std::vector<double> at, jump, part;  // at a quantile itself half its jump is taken; at the smallest nothing, at the largest all
  for (const Knot& k : distinct) at.push_back(k.at), jump.push_back(k.high - k.low), part.push_back(0.5);
  part.back() = 1, part.front() = 0;
  const std::string places = list.constant({1, count}, at);
  const std::string above = list.cast(list.node("Greater", {value, places}), TensorProto::DOUBLE);
  const std::string here = list.node("Mul", {list.cast(list.node("Equal", {value, places}), TensorProto::DOUBLE), list.constant({1, count}, part)});
  std::string out = list.node("MatMul", {list.node("Add", {above, here}), list.constant({count, 1}, jump)});
  if (count < 2) return out;
  std::vector<double> from, per, gain;
  for (std::size_t i = 0; i + 1 < distinct.size(); ++i) {
    from.push_back(distinct[i].at), per.push_back(1 / (distinct[i + 1].at - distinct[i].at));
    gain.push_back(distinct[i + 1].low - distinct[i].high);
  }
  std::string ramp = list.node("Mul", {list.node("Sub", {value, list.constant({1, count - 1}, from)}), list.constant({1, count - 1}, per)});
  ramp = list.node("Min", {list.node("Max", {ramp, one(list, 0)}), one(list, 1)});
  return list.node("Add", {out, list.node("MatMul", {ramp, list.constant({count - 1, 1}, gain)})});
}
}  // namespace

std::string NodeList::node(const char* op, const std::vector<std::string>& in, const std::vector<std::pair<const char*, std::int64_t>>& ints,
                           const char* domain, std::string out) {
  NodeProto n;
  const std::string name = cat(prefix_, "#", nodes_.size());
  if (out.empty()) out = name;
  n.set_op_type(op);
  n.set_domain(domain);
  n.set_name(name);
  for (const auto& input : in) n.add_input(input);
  n.add_output(out);
  nodes_.push_back(std::move(n));
  for (const auto& [key, value] : ints) attribute(key, ::onnx::AttributeProto::INT).set_i(value);
  ml_ = ml_ || std::string_view(domain) == ml;
  return out;
}

::onnx::AttributeProto& NodeList::attribute(const char* name, ::onnx::AttributeProto::AttributeType type) {
  auto& a = *nodes_.back().add_attribute();
  a.set_name(name);
  a.set_type(type);
  return a;
}

std::string NodeList::tensor(const Shape& shape, TensorProto::DataType type, std::string raw) {
  const std::string out = node("Constant", {});
  TensorProto& t = *attribute("value", ::onnx::AttributeProto::TENSOR).mutable_t();
  t.set_data_type(type);
  for (const std::int64_t dim : shape) t.add_dims(dim);
  t.set_raw_data(std::move(raw));
  return out;
}
std::string NodeList::constant(const Shape& shape, const std::vector<double>& values) {
  return tensor(shape, TensorProto::DOUBLE, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}
std::string NodeList::constant(const Shape& shape, const std::vector<std::int64_t>& values) {
  return tensor(shape, TensorProto::INT64, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::int64_t)});
}
std::string NodeList::truths(const Shape& shape, const std::vector<bool>& values) {
  return tensor(shape, TensorProto::BOOL, {values.begin(), values.end()});
}

std::string mapped_numbers(NodeList& list, std::string value, const std::vector<RawColumn>& columns) {
  if (std::ranges::any_of(columns, [](const RawColumn& c) { return c.fill.has_value(); }))
    value = list.node("Where", {list.node("IsNaN", {value}), row(list, columns, [](const RawColumn& c) {
                                  return c.fill.value_or(std::numeric_limits<double>::quiet_NaN());
                                }), value});
  std::vector<std::vector<RawStep>> seen;
  for (const RawColumn& c : columns)
    if (!c.steps.empty() && std::ranges::find(seen, c.steps) == seen.end()) value = stepped(list, value, columns, seen.emplace_back(c.steps));
  if (std::ranges::any_of(columns, [](const RawColumn& c) { return c.shift != 0; }))
    value = list.node("Sub", {value, row(list, columns, [](const RawColumn& c) { return c.shift; })});
  if (std::ranges::any_of(columns, [](const RawColumn& c) { return c.scale != 1; }))
    value = list.node("Mul", {value, row(list, columns, [](const RawColumn& c) { return c.scale; })});
  const std::string plain = value;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].knots.empty()) continue;
    const std::vector<std::int64_t> index{static_cast<std::int64_t>(i)};
    const std::string column = columns.size() == 1 ? plain : list.node("Gather", {plain, list.constant({1}, index)}, {{"axis", 1}});
    const std::string made = share(list, column, columns[i].knots);
    value = columns.size() == 1 ? made : list.node("Where", {mask(list, columns, [&](const RawColumn& c) { return &c == &columns[i]; }), made, value});
  }
  return value;
}

}  // namespace lehr::onnx
