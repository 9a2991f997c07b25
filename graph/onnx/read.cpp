#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <new>
#include <set>

#include "base/file.h"
#include "graph/check.h"
#include "graph/onnx/attributes.h"
#include "graph/onnx/calls.h"
#include "graph/onnx/element_types.h"
#include "graph/onnx/front_nodes.h"
#include "graph/onnx/unit.h"
#include "graph/onnx/functions.h"
#include "graph/onnx/metadata.h"
#include "graph/onnx/model.h"
#include "graph/onnx/prescan.h"
#include "graph/onnx/tensor.h"
#include "graph/print.h"

namespace lehr::onnx {

namespace {
bool matches(const DeclaredType& declared, const TensorType& stored) {
  if (declared.dtype != stored.dtype) return false;
  if (!declared.dims) return true;
  return std::ranges::equal(*declared.dims, stored.shape, [](const Dim& d, std::int64_t size) { return d.size < 0 || d.size == size; });
}

DeclaredType declared(const TensorType& stored) {
  DeclaredType out{stored.dtype, std::vector<Dim>()};
  for (const std::int64_t size : stored.shape) out.dims->push_back({size, ""});
  return out;
}

std::ptrdiff_t count_nan(const Tensor& t) {
  const auto above = [&](unsigned infinity) {
    return std::ranges::count_if(t.as<std::uint16_t>(), [&](std::uint16_t bits) { return (bits & 0x7FFFu) > infinity; });
  };
  switch (t.type.dtype) {
    case Dtype::f32:
      return std::ranges::count_if(t.as<float>(), [](float v) { return std::isnan(v); });
    case Dtype::f64:
      return std::ranges::count_if(t.as<double>(), [](double v) { return std::isnan(v); });
    case Dtype::f16:
      return above(0x7C00);
    case Dtype::bf16:
      return above(0x7F80);
    default:
      return 0;
  }
}

// One ModelProto into one Graph. Everything that is wrong goes into problems_; the graph is only used if there is nothing.
class Reader {
 public:
  Reader(ModelProto& proto, const std::filesystem::path& folder) : proto_(proto), external_(folder) {}

  Model run() {
    header();
    flat_ = flatten(proto_, model_.opsets, problems_);
    if (flat_.calls) note("calls of local functions replaced by their bodies: ", flat_.calls);
    initializers();
    inputs();
    results();
    nodes();
    outputs();
    value_types();
    unsupported_uses();
    if (unique_) problems_.guard([&] { graph().set_nodes(std::move(nodes_)); });  // else what reads what is not told
    types();
    problems_.raise();
    check(graph());
    model_.notes = std::move(notes_);
    return std::move(model_);
  }
  std::map<std::string, Source> sources() { return std::move(sources_); }
  std::vector<Source> places() const {
    std::vector<Source> out;
    for (const FlatNode& node : flat_.nodes) out.push_back(node.source);
    return out;
  }

 private:
  Graph& graph() { return model_.graph; }
  template <class... Parts>
  void note(const Parts&... parts) {
    notes_.push_back(cat(parts...));
  }

  void header() {
    if (!proto_.has_graph()) throw Error("the model holds no graph: it is empty, or this is not an ONNX model");
    model_.ir_version = static_cast<int>(std::clamp<std::int64_t>(proto_.ir_version(), 0, std::numeric_limits<int>::max()));
    if (!proto_.has_ir_version())
      problems_.add("the model does not say its IR version");
    else if (proto_.ir_version() < min_ir || proto_.ir_version() > max_ir)
      problems_.add("the model has IR version ", proto_.ir_version(), ", supported are ", min_ir, " to ", max_ir);
    if (proto_.opset_import().empty()) problems_.add("the model imports no opset");
    model_.opsets = read_opsets(proto_.opset_import(), "the model", problems_);
    model_.producer = proto_.producer_name();
    if (!proto_.producer_version().empty()) model_.producer += (model_.producer.empty() ? "" : " ") + proto_.producer_version();
    for (const auto& entry : proto_.metadata_props()) model_.metadata[entry.key()] = entry.value();
    if (proto_.training_info_size()) note("the training information of the model is kept, but not used");
  }

  // Adds a value unless its name is taken. `node`: what makes it, nullptr for an input or initializer.
  bool claim(const std::string& name, const NodeProto* node, Value value) {
    if (const ValueId id = graph().find(name); id != no_value) {
      unique_ = false;
      const std::string first = maker(id), second = node ? title(*node) : cat(kind(value.role), " ", quote(name));
      if (first == second)
        problems_.add("the tensor ", quote(name), " is made twice, both times by ", second);
      else
        problems_.add("the tensor ", quote(name), " is made twice: by ", first, " and by ", second);
      return false;
    }
    value.name = name;
    graph().add(std::move(value));
    makers_.push_back(node);
    return true;
  }

  std::string maker(ValueId id) {
    const NodeProto* node = makers_[static_cast<std::size_t>(id)];
    return node ? title(*node) : cat(kind(graph().value(id).role), " ", quote(graph().value(id).name));
  }
  static const char* kind(Role role) { return role == Role::input ? "input" : "initializer"; }

  // A constant from a stored tensor. Strings keep their type, other unsupported dtypes are reported if something reads them.
  Value constant(const TensorProto& t, const std::string& who, const std::string& why) {
    Value value{.name = "", .role = Role::constant, .type = {}, .data = {}, .why = why};
    problems_.guard(who, [&] {
      const auto dtype = dtype_of(t.data_type());
      if (!dtype) return void(unsupported_.emplace_back(who, data_type_name(t.data_type())));
      if (*dtype == Dtype::string) return strings(value, t);
      auto data = std::make_shared<const Tensor>(read_tensor(t, external_));
      value.type = declared(data->type);
      note_nan(*data, who);
      value.data = std::move(data);
    });
    return value;
  }

  void strings(Value& value, const TensorProto& t) {
    const TensorType type{Dtype::string, shape_of(t)};
    value.type = declared(type);
    if (t.data_location() == TensorProto::EXTERNAL) return;
    if (elements(type.shape) != t.string_data_size())
      throw Error("it holds ", t.string_data_size(), " strings, its shape ", type.shape, " needs ", elements(type.shape));
    value.strings = std::make_shared<const std::vector<std::string>>(t.string_data().begin(), t.string_data().end());
  }

  void note_nan(const Tensor& data, const std::string& who) {
    if (const auto count = count_nan(data)) note(who, " holds ", count, " NaN");
  }

  void initializers() {
    auto& list = *proto_.mutable_graph()->mutable_initializer();
    for (int i = 0; i < list.size(); ++i) {
      const std::string name = list[i].name(), who = "initializer " + quote(name);
      if (name.empty()) {
        problems_.add("initializer ", i, " has no name");
        continue;
      }
      const std::size_t before = unsupported_.size();
      if (claim(name, nullptr, constant(list[i], who, "initializer"))) sources_[name] = {Source::Kind::initializer, i};
      if (unsupported_.size() > before) unsupported_names_[name] = before;
      list[i].Clear();  // the graph has its own copy
    }
    for (const auto& sparse : proto_.graph().sparse_initializer())
      problems_.add("initializer ", quote(sparse.values().name()), " is sparse, which is not supported");
  }

  void inputs() {
    std::set<std::string> seen;
    for (const ValueInfoProto& info : proto_.graph().input()) {
      const std::string& name = info.name();
      const std::string who = "input " + quote(name);
      if (name.empty()) {
        problems_.add("a graph input has no name");
        continue;
      }
      if (!seen.insert(name).second) {
        problems_.add(who, " is declared twice");
        continue;
      }
      std::optional<DeclaredType> type;
      problems_.guard(who, [&] { type = declared_type(info.type()); });
      if (const ValueId id = graph().find(name); id != no_value)
        shadowed_input(graph().value(id), type);
      else
        input(info, who, type);
    }
  }

  void shadowed_input(Value& value, const std::optional<DeclaredType>& type) {
    value.why = "initializer, also declared as an input";
    if (type && value.data && !matches(*type, value.data->type))
      problems_.add("initializer ", quote(value.name), " is stored as ", text(value.data->type), ", but declared as an input of type ", text(*type));
  }

  void input(const ValueInfoProto& info, const std::string& who, const std::optional<DeclaredType>& type) {
    if (!type && info.has_type() && info.type().has_tensor_type()) {
      if (const int t = info.type().tensor_type().elem_type(); !dtype_of(t))
        problems_.add(who, " has elements of type ", data_type_name(t), ", which is not supported");
    }
    if (!type) note(who, " declares no tensor type");
    for (const auto& dim : info.type().tensor_type().shape().dim())
      if (dim.has_dim_value() && dim.dim_value() < 0) note(who, " declares the size ", dim.dim_value(), ", which is read as unknown");
    if (claim(info.name(), nullptr, Value{.name = "", .role = Role::input, .type = type, .data = {}, .why = "graph input"}))
      graph().inputs.push_back(graph().find(info.name()));
  }

  // What the nodes make: activations, and the constants of Constant nodes.
  void results() {
    for (const FlatNode& node : flat_.nodes) {
      if (node.proto->op_type().empty()) problems_.add(title(*node.proto), " has no operator");
      if (node.proto->op_type() == "Constant" && domain_of(node.proto->domain()).empty()) {
        constant_node(node);
        continue;
      }
      bool any = false;
      for (const std::string& out : node.proto->output()) {
        if (out.empty()) continue;
        any = true;
        claim(out, node.proto, Value{});
      }
      if (!any) problems_.add(title(*node.proto), " has no output");
    }
  }

  void constant_node(const FlatNode& node) {
    const std::string who = title(*node.proto);
    if (node.proto->output_size() != 1 || node.proto->output(0).empty()) return problems_.add(who, " does not have one output");
    const std::string& name = node.proto->output(0);
    const std::size_t before = unsupported_.size();
    Value value{.name = "", .role = Role::constant, .type = {}, .data = {}, .why = {}};
    check_call(*node.proto, opset_of(node, ""), problems_);
    if (const AttributeProto* a = constant_attribute(*node.proto))
      value = constant_value(*a, who + " (" + quote(name) + ")");
    else if (node.proto->attribute_size() == 0)
      problems_.add(who, " has no value");
    else
      problems_.add(who, " has several values");
    if (unsupported_.size() > before) unsupported_names_[name] = before;
    value.origin.constant_node = true;
    if (claim(name, node.proto, std::move(value))) sources_[name] = node.source;
  }

  Value constant_value(const AttributeProto& a, const std::string& who) {
    Value value{.name = "", .role = Role::constant, .type = {}, .data = {}, .why = "Constant node"};
    const auto set = [&](Tensor t) {
      value.type = declared(t.type);
      note_nan(t, who);
      value.data = std::make_shared<const Tensor>(std::move(t));
    };
    const std::string& kind = a.name();
    if (!a.ref_attr_name().empty())
      problems_.add(who, ": its value refers to an attribute of a function, but it is in none");
    else if (kind == "value")
      return constant(a.t(), who, "Constant node");
    else if (kind == "value_float")
      set(Tensor(Shape{}, std::array{a.f()}));
    else if (kind == "value_int")
      set(Tensor(Shape{}, std::array{std::int64_t{a.i()}}));
    else if (kind == "value_floats")
      set(Tensor(Shape{a.floats_size()}, std::vector<float>(a.floats().begin(), a.floats().end())));
    else if (kind == "value_ints")
      set(Tensor(Shape{a.ints_size()}, std::vector<std::int64_t>(a.ints().begin(), a.ints().end())));
    else if (kind == "value_string")
      value.type = DeclaredType{Dtype::string, std::vector<Dim>()}, value.strings = std::make_shared<const std::vector<std::string>>(1, a.s());
    else if (kind == "value_strings")
      value.type = DeclaredType{Dtype::string, std::vector<Dim>{{a.strings_size(), ""}}},
      value.strings = std::make_shared<const std::vector<std::string>>(a.strings().begin(), a.strings().end());
    else if (kind == "sparse_value")
      problems_.add(who, ": its value is sparse, which is not supported");
    else
      problems_.add(who, " has the attribute ", quote(kind), ", but no value");
    return value;
  }

  int opset_of(const FlatNode& node, const std::string& domain) {
    const auto it = node.opsets->find(domain);
    if (it != node.opsets->end()) return it->second;
    if (missing_domains_.insert(domain).second && !proto_.opset_import().empty())
      problems_.add(title(*node.proto), " is of the domain ", quote(domain_title(domain)), ", of which no opset is imported");
    return 0;
  }

  void nodes() {
    for (std::size_t place = 0; place < flat_.nodes.size(); ++place) {
      const FlatNode& node = flat_.nodes[place];
      const NodeProto& proto = *node.proto;
      const std::string domain = domain_of(proto.domain());
      if (domain == "lehr") problems_.add(title(proto), " is of the domain 'lehr', which files may not use");
      const int opset = opset_of(node, domain);
      if (proto.op_type() == "Constant" && domain.empty()) continue;
      Node out{
          .op = proto.op_type(), .domain = domain, .name = proto.name(), .opset = opset, .attrs = {}, .in = {}, .out = {}, .place = static_cast<int>(place)};
      problems_.guard(title(proto), [&] { out.attrs = read_attributes(proto, external_); });
      check_call(proto, opset, problems_);
      for (const std::string& name : proto.input()) out.in.push_back(resolve(name, proto));
      for (const std::string& name : proto.output()) out.out.push_back(name.empty() ? no_value : graph().find(name));
      while (!out.in.empty() && out.in.back() == no_value) out.in.pop_back();
      while (!out.out.empty() && out.out.back() == no_value) out.out.pop_back();
      nodes_.push_back(std::move(out));
    }
  }

  ValueId resolve(const std::string& name, const NodeProto& proto) {
    if (name.empty()) return no_value;
    const ValueId id = graph().find(name);
    if (id == no_value) problems_.add(title(proto), " reads the tensor ", quote(name), ", which nothing makes", hint(name));
    return id;
  }

  // Only where it is cheap: a hostile file has many long names.
  std::string hint(const std::string& name) {
    constexpr std::size_t few = 1000, readable = 100;
    if (graph().values().size() > few || name.size() > readable || problems_.count() > Problems::shown) return "";
    std::vector<std::string> known;
    for (const Value& value : graph().values())
      if (value.name.size() <= readable) known.push_back(value.name);
    return did_you_mean(name, known);
  }

  void outputs() {
    if (proto_.graph().output().empty()) problems_.add("the graph declares no output");
    std::set<ValueId> seen;
    for (const ValueInfoProto& info : proto_.graph().output()) {
      const ValueId id = graph().find(info.name());
      if (id == no_value)
        problems_.add("the output ", quote(info.name()), " is made by no node", hint(info.name()));
      else if (!seen.insert(id).second)
        problems_.add("the output ", quote(info.name()), " is declared twice");
      else
        graph().outputs.push_back(id);
    }
  }

  // Activations take the type value_info or the output list gives them; what the graph has already is kept.
  void value_types() {
    const auto take = [&](const ValueInfoProto& info, const char* kind) {
      const ValueId id = graph().find(info.name());
      if (id == no_value || graph().value(id).role != Role::activation || graph().value(id).type) return;
      problems_.guard(cat(kind, " ", quote(info.name())), [&] { graph().value(id).type = declared_type(info.type()); });
    };
    for (const ValueInfoProto& info : proto_.graph().output()) take(info, "output");
    for (const ValueInfoProto& info : proto_.graph().value_info()) take(info, "value");
    for (const ValueInfoProto& info : proto_.graph().value_info()) origin(info);
    for (const ValueInfoProto& info : proto_.graph().input()) origin(info);
  }

  // What the file says of a stored tensor.
  void origin(const ValueInfoProto& info) {
    const ValueId id = graph().find(info.name());
    if (id == no_value || graph().value(id).role != Role::constant) return;
    const auto told = metadata(info);
    Origin& origin = graph().value(id).origin;
    origin.said = said(told);
    if (origin.said == Said::folded) origin.of = folded_from(told);
  }

  // Element types of activations as the operators make them, also where the file declares none or another.
  void types() {
    const auto types = element_types(graph(), problems_);
    std::size_t other = 0, wide = 0;
    std::string first_other, first_wide;
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (!types[i]) continue;
      Value& value = graph().value(static_cast<ValueId>(i));
      if (*types[i] == Dtype::f64 && wide++ == 0) first_wide = quote(value.name);
      if (value.role != Role::activation) continue;
      if (!value.type) value.type = DeclaredType{*types[i], std::nullopt};
      if (value.type->dtype != *types[i] && other++ == 0)
        first_other = cat(quote(value.name), " as ", name(value.type->dtype), ", its node makes ", name(*types[i]));
      value.type->dtype = *types[i];
    }
    if (other) note(other, other == 1 ? " tensor is" : " tensors are", " declared with another element type than the operators give: ", first_other);
    if (wide) note(wide, wide == 1 ? " tensor is" : " tensors are", " float64 (the first is ", first_wide, "): computed in float32");
  }

  void unsupported_uses() {
    if (unsupported_names_.empty()) return;
    const auto report = [&](const std::string& name, const std::string& reader) {
      const auto it = unsupported_names_.find(name);
      if (it == unsupported_names_.end()) return;
      const auto& [who, dtype] = unsupported_[it->second];
      problems_.add(who, " has values of the unsupported type ", dtype, ". It is read by ", reader);
      unsupported_names_.erase(it);
    };
    for (const FlatNode& node : flat_.nodes)
      for (const std::string& name : node.proto->input()) report(name, title(*node.proto));
    for (const ValueInfoProto& info : proto_.graph().output()) report(info.name(), "the graph's output list");
  }

  ModelProto& proto_;
  ExternalData external_;
  Problems problems_;
  Model model_;
  FlatGraph flat_;
  std::vector<Node> nodes_;
  std::vector<std::string> notes_;
  std::vector<const NodeProto*> makers_;  // by value
  bool unique_ = true;                    // no tensor is made twice
  std::map<std::string, Source> sources_;
  std::set<std::string> missing_domains_;
  std::vector<std::pair<std::string, std::string>> unsupported_;  // who, dtype
  std::map<std::string, std::size_t> unsupported_names_;
};

// At most what protobuf can parse. The beginning is looked at first, so that a large file of another kind, or one that is mostly holes, is not read.
std::string read_bytes(const std::filesystem::path& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw Error(std::filesystem::is_directory(status) ? "this is a folder, not a model" : "this is not a regular file");
  const auto size = std::filesystem::file_size(path, code);
  if (!code && size > std::numeric_limits<std::int32_t>::max())
    throw Error("the file has ", size, " bytes; an ONNX file holds at most ", std::numeric_limits<std::int32_t>::max(),
                ", larger models keep their weights as external data");
  if (std::ifstream file(path, std::ios::binary); !code && file) {
    std::string head(std::size_t{1} << 20, '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    prescan_head(std::string_view(head).substr(0, static_cast<std::size_t>(file.gcount())), size);
  }
  return read_file(path);
}
}  // namespace

Model read_model_bytes(std::string bytes, const std::filesystem::path& folder) {
  prescan(bytes);
  ModelProto proto;
  if (!proto.ParseFromString(bytes)) throw Error("the file is not a readable ONNX model: protobuf refuses it");
  try {
    std::string front = take_front(proto);
    std::optional<TargetUnit> unit = take_unit(proto);
    if (!front.empty() || unit) bytes = proto.SerializeAsString();
    Reader reader(proto, folder);
    Model model = reader.run();
    if (!front.empty())
      model.notes.push_back("the file takes raw columns: what it computes in front of the network is left out here, the network takes prepared inputs");
    if (unit) model.notes.push_back(cat("the output ", quote(unit->output), " is put into the target's unit behind the network, which is left out here"));
    model.front = std::move(front);
    model.unit = std::move(unit);
    model.original = std::make_shared<const Original>(Original{std::move(bytes), folder, reader.sources(), reader.places()});
    return model;
  } catch (const std::bad_alloc&) {
    throw Error("the model does not fit into memory");
  }
}

Model read_model(const std::filesystem::path& path) {
  return within([&] { return printable(path.string()); },
                [&] {
                  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
                  return read_model_bytes(read_bytes(path), folder);
                });
}

}  // namespace lehr::onnx
