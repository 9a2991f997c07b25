#include <algorithm>
#include <functional>
#include <numeric>
#include <set>
#include <span>

#include "base/error.h"
#include "graph/onnx/front_build.h"
#include "graph/onnx/front_nodes.h"
#include "graph/onnx/opsets.h"
#include "graph/onnx/tensor.h"
#include "graph/onnx/unit.h"

namespace lehr::onnx {

namespace {
using Kind = RawColumn::Kind;
using Columns = std::span<const RawColumn>;
constexpr const char* ml = "ai.onnx.ml";
constexpr int least_opset = 11;  // Equal on doubles

// Calls visit(name) for each tensor the graph's nodes read, those of bodies too.
template <class Visit>
void each_read(GraphProto& graph, const Visit& visit) {
  for (NodeProto& node : *graph.mutable_node()) {
    for (std::string& input : *node.mutable_input()) visit(input);
    for (auto& a : *node.mutable_attribute()) {
      if (a.has_g()) each_read(*a.mutable_g(), visit);
      for (GraphProto& g : *a.mutable_graphs()) each_read(g, visit);
    }
  }
}
int elem_type(const RawFeed& feed) {
  if (feed.array) return code_of(feed.array->dtype);
  const auto type = feed.type;
  return type == RawFeed::Type::f64 ? TensorProto::DOUBLE : type == RawFeed::Type::i64 ? TensorProto::INT64 : TensorProto::STRING;
}

class FrontWriter {
 public:
  explicit FrontWriter(ModelProto& model) : model_(model), graph_(*model.mutable_graph()) {}

  std::vector<RawFeed> run(const std::vector<RawInput>& inputs) {
    check_opset();
    for (const RawInput& input : inputs)
      if (input.array || !std::ranges::all_of(input.columns, &RawColumn::as_it_is)) changed_.push_back(&input);
    for (const RawInput* input : changed_) detach(*input);
    for (auto& name : names()) taken_.insert(name);
    for (const RawInput* input : changed_) within([&] { return "input " + quote(input->name); }, [&] { write(*input); });
    finish();
    return feeds_;
  }

 private:
  void check_opset() const {
    for (const auto& import : model_.opset_import())
      if (domain_of(import.domain()).empty() && import.version() < least_opset)
        throw Error("raw inputs need opset ", least_opset, " or later, the file has ", import.version(), " (onnx.version_converter makes a newer one)")
            .code(Exit::mismatch);
  }

  std::set<std::string> names() {
    std::set<std::string> out;
    for (const auto& v : graph_.input()) out.insert(v.name());
    for (const auto& t : graph_.initializer()) out.insert(t.name());
    for (const auto& n : graph_.node()) out.insert(n.output().begin(), n.output().end());
    each_read(graph_, [&](std::string& name) { out.insert(name); });
    return out;
  }

  // The network reads what the front makes instead of the input.
  void detach(const RawInput& input) {
    auto& inputs = *graph_.mutable_input();
    const auto at = std::ranges::find(inputs, input.name, [](const ValueInfoProto& v) { return v.name(); });
    if (at == inputs.end()) throw Error("the file has no input ", quote(input.name));
    if (std::ranges::any_of(graph_.output(), [&](const ValueInfoProto& v) { return v.name() == input.name; }))
      throw Error("the model gives its input ", quote(input.name), " out as it is, so it cannot take raw columns there").code(Exit::mismatch);
    ValueInfoProto info = *at;
    inputs.erase(at);
    elem_[input.name] = info.type().tensor_type().elem_type();
    const auto& shape = info.type().tensor_type().shape();
    if (static_cast<int>(input.batch_axis) < shape.dim_size()) symbol_ = shape.dim(static_cast<int>(input.batch_axis)).dim_param();
    info.set_name(front_prefix + input.name);
    *graph_.add_value_info() = std::move(info);
    rename_reads(graph_, input.name, front_prefix + input.name);
  }

  void write(const RawInput& input) {
    const std::string value = input.array ? array(input) : columns(input);
    list_.node("Identity", {input.batch_axis > 0 ? turn(value, input) : value}, {}, "", front_prefix + input.name);
  }

  std::string folded(const std::string& value, const Shape& row) {
    std::vector<std::int64_t> shape{-1};
    shape.insert(shape.end(), row.begin(), row.end());
    return list_.node("Reshape", {value, list_.constant({static_cast<std::int64_t>(shape.size())}, shape)});
  }

  // Its values in a column, mapped, folded as the network takes them.
  std::string array(const RawInput& input) {
    RawFeed of{RawFeed::Type::f64, input.name, {input.columns.at(0).index}, input.array};
    std::string value = list_.cast(feed(std::move(of)), TensorProto::DOUBLE);
    value = list_.cast(mapped_numbers(list_, folded(value, {1}), input.columns), TensorProto::FLOAT);
    if (const int stored = elem_.at(input.name); stored != TensorProto::FLOAT) value = list_.cast(value, stored);
    return folded(value, input.row);
  }

  std::string columns(const RawInput& input) {
    const bool numbers = std::ranges::none_of(input.columns, [](const RawColumn& c) { return c.category() || c.kind == Kind::indicator; });
    std::vector<std::string> pieces;
    for (std::size_t at = 0, end = 0; at < input.columns.size(); at = end) {
      const Kind kind = input.columns[at].kind;
      end = at + 1;
      const bool alone = input.columns[at].category() || kind == Kind::indicator;
      while (!alone && end < input.columns.size() && input.columns[end].kind == kind) ++end;
      const Columns run = Columns(input.columns).subspan(at, end - at);
      pieces.push_back(run[0].category() ? category(run[0]) : kind == Kind::indicator ? indicator(run[0]) : block(run, numbers ? input.name : ""));
    }
    std::string value = pieces.size() == 1 ? pieces[0] : list_.node("Concat", pieces, {{"axis", 1}});
    const int stored = elem_.at(input.name),
              made = input.columns[0].kind == Kind::integer || input.columns[0].kind == Kind::code ? TensorProto::INT64 : TensorProto::FLOAT;
    if (stored != made) value = list_.cast(value, stored);
    return input.row.size() == 1 ? value : folded(value, input.row);
  }

  std::string turn(const std::string& value, const RawInput& input) {
    std::vector<std::int64_t> perm(input.row.size() + 1);
    std::iota(perm.begin(), perm.end(), 0);
    std::rotate(perm.begin(), perm.begin() + 1, perm.begin() + static_cast<std::ptrdiff_t>(input.batch_axis) + 1);
    const std::string out = list_.node("Transpose", {value});
    auto& a = list_.attribute("perm", ::onnx::AttributeProto::INTS);
    for (const auto p : perm) a.add_ints(p);
    return out;
  }

  // Columns of one kind side by side, as one input of that name or as one each.
  std::string block(Columns run, const std::string& name) {
    const bool integers = run[0].kind == Kind::integer, fills = std::ranges::any_of(run, [](const RawColumn& c) { return c.fill.has_value(); });
    const auto type = integers && !fills ? RawFeed::Type::i64 : RawFeed::Type::f64;
    std::string value;
    if (!name.empty()) {
      value = feed(name, type, run);
    } else {
      std::vector<std::string> columns;
      for (const RawColumn& c : run) columns.push_back(feed(c.name, type, Columns(&c, 1)));
      value = columns.size() == 1 ? columns[0] : list_.node("Concat", columns, {{"axis", 1}});
    }
    if (type == RawFeed::Type::i64) return value;
    return list_.cast(mapped_numbers(list_, value, {run.begin(), run.end()}), integers ? TensorProto::INT64 : TensorProto::FLOAT);
  }

  std::string indicator(const RawColumn& c) {
    if (!c.text) return list_.cast(list_.node("IsNaN", {feed(c.name, RawFeed::Type::f64, Columns(&c, 1))}), TensorProto::FLOAT);
    const std::string out = list_.node("LabelEncoder", {feed(c.name, RawFeed::Type::text, Columns(&c, 1))}, {{"default_int64", 0}}, ml);
    encode(c.missing, std::vector<std::int64_t>(c.missing.size(), 1));
    return list_.cast(out, TensorProto::FLOAT);
  }

  // Of the LabelEncoder that was written last.
  void encode(const std::vector<std::string>& names, const std::vector<std::int64_t>& codes) {
    auto& keys = list_.attribute("keys_strings", ::onnx::AttributeProto::STRINGS);
    for (const auto& name : names) keys.add_strings(name);
    auto& values = list_.attribute("values_int64s", ::onnx::AttributeProto::INTS);
    for (const std::int64_t code : codes) values.add_ints(code);
  }

  std::string category(const RawColumn& c) {
    const auto count = static_cast<std::int64_t>(c.text ? c.names.size() : c.numbers.size());
    const std::string code = c.text ? code_of_name(c) : code_of_number(c, count);
    if (c.kind == Kind::code) return code;
    const std::string out = list_.node("OneHotEncoder", {code}, {{"zeros", c.unknown_zeros}}, ml);
    auto& all = list_.attribute("cats_int64s", ::onnx::AttributeProto::INTS);
    for (std::int64_t k = 0; k < count; ++k) all.add_ints(k);
    return list_.node("Reshape", {out, list_.constant({2}, std::vector<std::int64_t>{-1, count})});
  }

  std::string code_of_name(const RawColumn& c) {
    const std::string out =
        list_.node("LabelEncoder", {feed(c.name, RawFeed::Type::text, Columns(&c, 1))}, {{"default_int64", c.unknown_code.value_or(no_category)}}, ml);
    std::vector<std::string> names = c.names;
    std::vector<std::int64_t> codes(names.size());
    std::iota(codes.begin(), codes.end(), 0);
    if (c.fill_code || c.unknown_code)
      for (const auto& name : c.missing) names.push_back(name), codes.push_back(c.fill_code.value_or(no_category));
    encode(names, codes);
    return out;
  }

  // rest + sum over k of [x = category k] (k - rest): of the equalities at most one holds.
  std::string code_of_number(const RawColumn& c, std::int64_t count) {
    const std::int64_t rest = c.unknown_code.value_or(no_category);
    std::string value = feed(c.name, RawFeed::Type::f64, Columns(&c, 1));
    if (c.fill) value = list_.node("Where", {list_.node("IsNaN", {value}), list_.constant({1, 1}, std::vector<double>{*c.fill}), value});
    const std::string equal = list_.cast(list_.node("Equal", {value, list_.constant({1, count}, c.numbers)}), TensorProto::DOUBLE);
    std::vector<double> steps;
    for (std::int64_t k = 0; k < count; ++k) steps.push_back(static_cast<double>(k - rest));
    const std::string step = list_.node("MatMul", {equal, list_.constant({count, 1}, steps)});
    return list_.cast(list_.node("Add", {step, list_.constant({1, 1}, std::vector<double>{static_cast<double>(rest)})}), TensorProto::INT64);
  }

  // A column that several inputs take is one input of the file.
  std::string feed(std::string name, RawFeed::Type type, Columns columns) {
    RawFeed feed{type, std::move(name), {}};
    for (const RawColumn& c : columns) feed.columns.push_back(c.index);
    return this->feed(std::move(feed));
  }

  std::string feed(RawFeed feed) {
    for (const RawFeed& other : feeds_)
      if (!feed.array && other.type == feed.type && other.columns == feed.columns) return other.name;
    if (feed.name.empty()) feed.name = cat("column_", feed.columns[0]);
    while (!taken_.insert(feed.name).second) feed.name += "_raw";
    ValueInfoProto info;
    info.set_name(feed.name);
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(elem_type(feed));
    tensor.mutable_shape()->add_dim()->set_dim_param(symbol_.empty() ? "N" : symbol_);
    const Shape row = feed.array ? feed.array->row : Shape{feed.width()};
    for (const std::int64_t dim : row) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
    infos_.push_back(std::move(info));
    feeds_.push_back(feed);
    return feed.name;
  }

  void finish() {
    if (list_.uses_ml()) import_ml();
    for (auto& info : infos_) *graph_.add_input() = std::move(info);
    std::vector<NodeProto>& nodes = list_.nodes();
    for (const NodeProto& n : graph_.node()) nodes.push_back(n);
    graph_.clear_node();
    for (auto& n : nodes) *graph_.add_node() = std::move(n);
  }

  // Of the operators of version 1 only LabelEncoder means something else in version 2.
  void import_ml() {
    for (auto& import : *model_.mutable_opset_import()) {
      if (import.domain() != ml) continue;
      if (import.version() >= 2) return;
      for (const NodeProto& n : graph_.node())
        if (n.op_type() == "LabelEncoder")
          throw Error("raw inputs with names need ", ml, " 2, but the file has a LabelEncoder of version 1").code(Exit::mismatch);
      import.set_version(2);
      return;
    }
    auto& import = *model_.add_opset_import();
    import.set_domain(ml);
    import.set_version(2);
  }

  ModelProto& model_;
  GraphProto& graph_;
  std::vector<const RawInput*> changed_;
  std::map<std::string, int> elem_;  // the model's inputs
  std::string symbol_;               // of the rows
  std::set<std::string> taken_;
  NodeList list_{front_prefix};
  std::vector<ValueInfoProto> infos_;
  std::vector<RawFeed> feeds_;
};

bool of_front(const std::string& name) { return name.starts_with(front_prefix); }
}  // namespace

void rename_reads(GraphProto& graph, const std::string& from, const std::string& to) {
  each_read(graph, [&](std::string& name) {
    if (name == from) name = to;
  });
}

std::string text(const RawFeed& feed) {
  constexpr const char* types[] = {"double", "int64", "string"};
  std::string dims;
  for (const std::int64_t dim : feed.array ? feed.array->row : Shape{feed.width()}) dims += cat(",", dim);
  if (feed.array) return cat(printable(feed.name), " ", name(feed.array->dtype), "[N", dims, "]");
  return cat(printable(feed.name), " ", types[static_cast<std::size_t>(feed.type)], "[N", dims, "]");
}

std::vector<RawFeed> add_front(ModelProto& model, const std::vector<RawInput>& inputs) { return FrontWriter(model).run(inputs); }

std::string take_front(ModelProto& model) {
  auto& entries = *model.mutable_metadata_props();
  const auto entry = std::ranges::find(entries, front_key, [](const auto& e) { return e.key(); });
  if (entry == entries.end()) return {};
  std::string out = entry->value();
  entries.erase(entry);
  GraphProto& graph = *model.mutable_graph();
  std::set<std::string> raw;
  auto& nodes = *graph.mutable_node();
  for (const NodeProto& n : nodes)
    if (n.output_size() == 1 && of_front(n.output(0))) raw.insert(n.input().begin(), n.input().end());
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(), [](const NodeProto& n) { return n.output_size() == 1 && of_front(n.output(0)); }), nodes.end());
  auto& inputs = *graph.mutable_input();
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(), [&](const ValueInfoProto& v) { return raw.contains(v.name()); }), inputs.end());
  std::vector<ValueInfoProto> own;
  auto& hints = *graph.mutable_value_info();
  for (const ValueInfoProto& v : hints)
    if (of_front(v.name())) own.push_back(v);
  hints.erase(std::remove_if(hints.begin(), hints.end(), [](const ValueInfoProto& v) { return of_front(v.name()); }), hints.end());
  for (auto& v : own) {
    const std::string name = v.name();
    v.set_name(name.substr(std::string(front_prefix).size()));
    rename_reads(graph, name, v.name());
    *inputs.Add() = std::move(v);
  }
  return out;
}

std::string without_front(const std::string& bytes) {
  ModelProto model;
  if (!model.ParseFromString(bytes)) throw Error("the file cannot be read back: protobuf refuses it");
  const bool unit = take_unit(model).has_value();
  if (take_front(model).empty() && !unit) return bytes;
  return model.SerializeAsString();
}

}  // namespace lehr::onnx
