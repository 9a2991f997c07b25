#include "graph/onnx/calls.h"

#include "graph/onnx/attributes.h"
#include "graph/onnx/opsets.h"
#include "graph/onnx/signatures.h"

namespace lehr::onnx {

namespace {
const char* kind_text(int kind) {
  switch (kind) {
    case AttributeProto::FLOAT:
      return "a float";
    case AttributeProto::INT:
      return "an integer";
    case AttributeProto::STRING:
      return "a string";
    case AttributeProto::TENSOR:
      return "a tensor";
    case AttributeProto::FLOATS:
      return "a list of floats";
    case AttributeProto::INTS:
      return "a list of integers";
    case AttributeProto::STRINGS:
      return "a list of strings";
    case AttributeProto::GRAPH:
      return "a graph";
    case AttributeProto::SPARSE_TENSOR:
      return "a sparse tensor";
    default:
      return "of another kind";
  }
}

class Call {
 public:
  Call(const NodeProto& node, int opset, const Signature& signature, Problems& problems)
      : node_(node), opset_(opset), signature_(signature), problems_(problems), key_(table_key(domain_of(node.domain()), node.op_type())) {}

  void run() {
    for (const AttributeProto& a : node_.attribute()) attribute(a);
    for (const auto& [name, named] : signature_.attributes)
      if (named.required && !gives(name)) add("attribute ", quote(name), " is missing");
    inputs();
    outputs();
  }

 private:
  template <class... Parts>
  void add(const Parts&... parts) {
    problems_.add(title(node_), ": ", parts...);
  }

  bool gives(const std::string& name) const {
    for (const AttributeProto& a : node_.attribute())
      if (a.name() == name) return true;
    return false;
  }

  // What is wrong with the attribute itself, a name, a value, a type, is told where it is read.
  void attribute(const AttributeProto& a) {
    if (a.name().empty() || a.name().starts_with("__")) return;
    const auto it = signature_.attributes.find(a.name());
    if (it == signature_.attributes.end()) return unknown(a.name());
    int kind = 0;
    try {
      kind = kind_of(a);
    } catch (const Error&) {
      return;
    }
    if (kind != it->second.kind) add("attribute ", quote(a.name()), " is ", kind_text(kind), ", ", kind_text(it->second.kind), " is needed");
  }

  void unknown(const std::string& name) {
    for (const int version : signatures().versions(key_))
      if (signatures().find(key_, version).attributes.contains(name))
        return add("attribute ", quote(name), version > opset_ ? " exists from opset " : " exists in opset ", version,
                   version > opset_ ? " on, the node has opset " : " and is gone from the one the node has, ", opset_);
    std::vector<std::string> known;
    for (const auto& [k, named] : signature_.attributes) known.push_back(k);
    add("unknown attribute ", quote(name), did_you_mean(name, known),
        known.empty() ? cat("; ", node_.op_type(), " has none") : cat("; ", node_.op_type(), " has ", join(known, ", ")));
  }

  void inputs() {
    int given = node_.input_size();
    while (given > 0 && node_.input(given - 1).empty()) --given;
    const auto& in = signature_.in;
    const bool repeats = !in.empty() && in.back().repeated;
    std::size_t least = in.size();
    while (least > 0 && in[least - 1].optional) --least;
    const auto n = static_cast<std::size_t>(given);
    if (n < least || (!repeats && n > in.size()))
      return add(given, given == 1 ? " input" : " inputs", " given, ",
                 repeats              ? cat(least, " or more")
                 : least == in.size() ? cat(least)
                                      : cat(least, " to ", in.size()),
                 " needed");
    for (std::size_t i = 0; i < n; ++i)
      if (node_.input(static_cast<int>(i)).empty() && !in[std::min(i, in.size() - 1)].optional) add("input ", i, " is left out, it is needed");
  }

  void outputs() {
    int named = node_.output_size();
    while (named > 0 && node_.output(named - 1).empty()) --named;
    const auto& out = signature_.out;
    if (static_cast<std::size_t>(named) > out.size() && !(!out.empty() && out.back().repeated))
      add("names ", named, " outputs, ", node_.op_type(), " has ", out.size());
  }

  const NodeProto& node_;
  int opset_;
  const Signature& signature_;
  Problems& problems_;
  std::string key_;
};
}  // namespace

void check_call(const NodeProto& node, int opset, Problems& problems) {
  if (const Signature* signature = onnx::signature(table_key(domain_of(node.domain()), node.op_type()), opset))
    Call(node, opset, *signature, problems).run();
}

}  // namespace lehr::onnx
