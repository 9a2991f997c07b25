#include "graph/onnx/functions.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "graph/onnx/attributes.h"

namespace lehr::onnx {

namespace {
constexpr int max_depth = 100;
constexpr std::uint64_t max_nodes = 250'000;

// A field the installed schema may be too old to know: then it is among the unknown ones.
std::string late_string(const google::protobuf::Message& message, int number) {
  if (const auto* field = message.GetDescriptor()->FindFieldByNumber(number)) return message.GetReflection()->GetString(message, field);
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i)
    if (unknown.field(i).number() == number && unknown.field(i).type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      return unknown.field(i).length_delimited();
  return "";
}

// FunctionProto.attribute_proto: attributes with a default.
std::vector<AttributeProto> defaults_of(const FunctionProto& function) {
  constexpr int number = 11;
  std::vector<AttributeProto> out;
  const auto* reflection = function.GetReflection();
  if (const auto* field = function.GetDescriptor()->FindFieldByNumber(number)) {
    for (int i = 0; i < reflection->FieldSize(function, field); ++i) out.emplace_back().CopyFrom(reflection->GetRepeatedMessage(function, field, i));
    return out;
  }
  const auto& unknown = reflection->GetUnknownFields(function);
  for (int i = 0; i < unknown.field_count(); ++i)
    if (unknown.field(i).number() == number && unknown.field(i).type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      if (AttributeProto a; a.ParseFromString(unknown.field(i).length_delimited())) out.push_back(std::move(a));
  return out;
}

using Key = std::tuple<std::string, std::string, std::string>;  // domain, name, overload
Key key_of(const NodeProto& call) { return {domain_of(call.domain()), call.op_type(), late_string(call, 8)}; }
Key key_of(const FunctionProto& f) { return {domain_of(f.domain()), f.name(), late_string(f, 13)}; }

struct Function {
  const FunctionProto* proto = nullptr;
  int index = 0;
  const Opsets* opsets = nullptr;
  std::map<std::string, AttributeProto> defaults;
  std::set<std::string> takes;  // names of all its attributes
  std::uint64_t size = 0;       // nodes when expanded, at most 2 * max_nodes; 0: not known yet
  int height = 0;               // levels of calls below
  bool open = false;            // being measured: met again, it is recursive
  int calls = 0;
};
std::string title(const Function& f) { return cat("function ", quote(f.proto->name())); }

class Inliner {
 public:
  Inliner(const ModelProto& model, const Opsets& opsets, Problems& problems) : model_(model), opsets_(opsets), problems_(problems) {}

  FlatGraph run() {
    index_functions();
    std::uint64_t total = 0;
    const std::size_t before = problems_.count();
    for (auto& entry : functions_) problems_.guard(title(entry.second), [&] { measure(entry.second, 0); });
    for (const NodeProto& node : model_.graph().node()) {
      const Function* f = callee(node);
      if (total <= max_nodes && (total += size_of(node)) > max_nodes && f)
        problems_.add("with the calls of local functions replaced by their bodies, down from ", title(*f), ", the model has more than ", grouped(max_nodes),
                      " nodes");
    }
    if (problems_.count() != before) problems_.raise();
    collect_names();
    for (int i = 0; i < model_.graph().node_size(); ++i) {
      const NodeProto& node = model_.graph().node(i);
      if (Function* f = callee(node))
        call(node, *f);
      else
        out_.nodes.push_back({&node, &opsets_, {Source::Kind::node, i}});
    }
    mark_shared();
    return std::move(out_);
  }

 private:
  void index_functions() {
    for (int i = 0; i < model_.functions_size(); ++i) {
      const FunctionProto& proto = model_.functions(i);
      Function f;
      f.proto = &proto;
      f.index = i;
      for (const std::string& name : proto.attribute()) f.takes.insert(name);
      for (const AttributeProto& a : defaults_of(proto)) {
        f.takes.insert(a.name());
        f.defaults.emplace(a.name(), a);
      }
      f.opsets = &out_.imports.emplace_back(read_opsets(proto.opset_import(), title(f), problems_));
      if (!functions_.emplace(key_of(proto), std::move(f)).second) problems_.add("there are two functions ", quote(proto.name()));
    }
  }

  Function* callee(const NodeProto& node) {
    if (functions_.empty()) return nullptr;
    const auto it = functions_.find(key_of(node));
    return it == functions_.end() ? nullptr : &it->second;
  }

  std::uint64_t size_of(const NodeProto& node) {
    const Function* f = callee(node);
    return f ? std::max<std::uint64_t>(f->size, 1) : 1;
  }

  void measure(Function& f, int depth) {
    if (f.open) throw Error("it calls itself");
    if (f.size) return;
    if (depth > max_depth) throw Error("its calls are nested deeper than ", max_depth, " levels");
    struct Open {
      bool& flag;
      explicit Open(bool& b) : flag(b) { flag = true; }
      ~Open() { flag = false; }
    } open(f.open);
    std::uint64_t size = 1;
    for (const NodeProto& node : f.proto->node()) {
      if (Function* inner = callee(node)) {
        measure(*inner, depth + 1);
        f.height = std::max(f.height, inner->height + 1);
      }
      size = std::min(size + size_of(node), 2 * max_nodes);
    }
    if (f.height > max_depth) throw Error("its calls are nested deeper than ", max_depth, " levels");
    f.size = size;
  }

  void collect_names() {
    if (functions_.empty()) return;
    const GraphProto& graph = model_.graph();
    for (const auto& t : graph.initializer()) names_.insert(t.name());
    for (const auto& v : graph.input()) names_.insert(v.name());
    for (const auto& n : graph.node()) names_.insert(n.output().begin(), n.output().end());
  }

  std::string fresh(const std::string& stem) {
    std::string name = stem;
    for (int& i = next_[stem]; !names_.insert(name).second;) name = cat(stem, "_", ++i);
    return name;
  }

  void check_call(const NodeProto& node, const Function& f) {
    const FunctionProto& proto = *f.proto;
    const auto complain = [&](const auto&... parts) { problems_.add(lehr::onnx::title(node), ": ", title(f), " ", parts...); };
    if (node.input_size() > proto.input_size()) complain("takes ", proto.input_size(), " inputs, the call gives ", node.input_size());
    if (node.output_size() > proto.output_size()) complain("has ", proto.output_size(), " outputs, the call names ", node.output_size());
    for (const AttributeProto& a : node.attribute())
      if (!f.takes.contains(a.name())) complain("does not take the attribute ", quote(a.name()));
    if (!f.opsets->contains("") && !opsets_.contains("")) complain("imports no opset of ai.onnx");
  }

  // The body of one call. `bound`: names inside the function -> names in the flat graph.
  void call(const NodeProto& node, Function& f) {
    ++out_.calls;
    ++f.calls;
    check_call(node, f);
    const FunctionProto& proto = *f.proto;
    const std::string stem = node.name().empty() ? proto.name() : node.name();
    std::map<std::string, std::string> bound;
    for (int i = 0; i < proto.input_size(); ++i) bound[proto.input(i)] = i < node.input_size() ? node.input(i) : "";
    for (int i = 0; i < std::min(proto.output_size(), node.output_size()); ++i) {
      if (node.output(i).empty()) continue;
      if (const auto [it, is_new] = bound.emplace(proto.output(i), node.output(i)); !is_new) identity(it->second, node.output(i), f);
    }
    bound[""] = "";
    const auto rename = [&](const std::string& inner) {
      const auto it = bound.find(inner);
      return it != bound.end() ? it->second : bound[inner] = fresh(stem + "/" + inner);
    };
    for (int i = 0; i < proto.node_size(); ++i) {
      NodeProto& copy = out_.owned.emplace_back(proto.node(i));
      if (!copy.name().empty()) copy.set_name(stem + "/" + copy.name());
      for (std::string& name : *copy.mutable_input()) name = rename(name);
      for (std::string& name : *copy.mutable_output()) name = rename(name);
      const bool refers = resolve_references(copy, node, f);
      if (Function* inner = callee(copy))
        call(copy, *inner);
      else
        out_.nodes.push_back({&copy, f.opsets, {Source::Kind::function, f.index, i, refers}});
    }
  }

  // An output of a function that is one of its inputs.
  void identity(const std::string& from, const std::string& to, const Function& f) {
    NodeProto& node = out_.owned.emplace_back();
    node.set_op_type("Identity");
    node.add_input(from);
    node.add_output(to);
    out_.nodes.push_back({&node, f.opsets->contains("") ? f.opsets : &opsets_, {Source::Kind::function, f.index, -1, true}});
  }

  // Attributes of the form x = @y take the value the call gives y, else its default; without either they are absent.
  bool resolve_references(NodeProto& copy, const NodeProto& call, const Function& f) {
    bool refers = false;
    for (int i = copy.attribute_size(); i-- > 0;) {
      AttributeProto& a = *copy.mutable_attribute(i);
      if (a.ref_attr_name().empty()) continue;
      refers = true;
      const AttributeProto* value = nullptr;
      for (const AttributeProto& given : call.attribute())
        if (given.name() == a.ref_attr_name()) value = &given;
      if (const auto it = f.defaults.find(a.ref_attr_name()); !value && it != f.defaults.end()) value = &it->second;
      if (!value) {
        copy.mutable_attribute()->DeleteSubrange(i, 1);
        continue;
      }
      if (a.type() != AttributeProto::UNDEFINED && value->type() != AttributeProto::UNDEFINED && a.type() != value->type())
        problems_.add(lehr::onnx::title(copy), " in ", title(f), ": attribute ", quote(a.name()), " refers to ", quote(a.ref_attr_name()),
                      ", which has another type");
      const std::string name = a.name();
      a = AttributeProto(*value);
      a.set_name(name);
    }
    return refers;
  }

  void mark_shared() {
    std::vector<int> calls(static_cast<std::size_t>(model_.functions_size()));
    for (const auto& [key, f] : functions_) calls[static_cast<std::size_t>(f.index)] = f.calls;
    for (FlatNode& node : out_.nodes)
      if (node.source.kind == Source::Kind::function && calls[static_cast<std::size_t>(node.source.index)] > 1) node.source.shared = true;
  }

  const ModelProto& model_;
  const Opsets& opsets_;
  Problems& problems_;
  FlatGraph out_;
  std::map<Key, Function> functions_;
  std::set<std::string> names_;
  std::map<std::string, int> next_;  // by stem: the last number given
};
}  // namespace

FlatGraph flatten(const ModelProto& model, const Opsets& opsets, Problems& problems) { return Inliner(model, opsets, problems).run(); }

}  // namespace lehr::onnx
