#include "graph/onnx/attributes.h"

#include "base/error.h"
#include "graph/onnx/tensor.h"

namespace lehr::onnx {

namespace {
Attribute read_attribute(const AttributeProto& a, const ExternalData& external) {
  switch (kind_of(a)) {
    case AttributeProto::INT:
      return std::int64_t{a.i()};
    case AttributeProto::FLOAT:
      return a.f();
    case AttributeProto::STRING:
      return a.s();
    case AttributeProto::INTS:
      return std::vector<std::int64_t>(a.ints().begin(), a.ints().end());
    case AttributeProto::FLOATS:
      return std::vector<float>(a.floats().begin(), a.floats().end());
    case AttributeProto::STRINGS:
      return std::vector<std::string>(a.strings().begin(), a.strings().end());
    case AttributeProto::TENSOR: {
      const auto dtype = dtype_of(a.t().data_type());
      if (dtype == Dtype::string) return std::vector<std::string>(a.t().string_data().begin(), a.t().string_data().end());
      if (!dtype) return Subgraph{};
      return std::make_shared<const Tensor>(read_tensor(a.t(), external));
    }
    default:
      return Subgraph{};
  }
}
}  // namespace

std::string title(const NodeProto& node) {
  const std::string op = node.op_type().empty() ? "nameless" : printable(node.op_type());
  if (!node.name().empty()) return cat(op, " node ", quote(node.name()));
  for (const std::string& out : node.output())
    if (!out.empty()) return cat(op, " node of ", quote(out));
  return op + " node";
}

int kind_of(const AttributeProto& a) {
  if (a.type() != AttributeProto::UNDEFINED) return a.type();
  int kind = AttributeProto::UNDEFINED, set = 0;
  const auto is = [&](bool present, int k) {
    if (present) kind = k, ++set;
  };
  is(a.has_f(), AttributeProto::FLOAT);
  is(a.has_i(), AttributeProto::INT);
  is(a.has_s(), AttributeProto::STRING);
  is(a.has_t(), AttributeProto::TENSOR);
  is(a.has_g(), AttributeProto::GRAPH);
  is(a.floats_size() > 0, AttributeProto::FLOATS);
  is(a.ints_size() > 0, AttributeProto::INTS);
  is(a.strings_size() > 0, AttributeProto::STRINGS);
  is(a.graphs_size() > 0, AttributeProto::GRAPHS);
  is(a.tensors_size() > 0, AttributeProto::TENSORS);
  if (set != 1) throw Error("attribute ", quote(a.name()), " does not say its type and has ", set ? "several values" : "no value");
  return kind;
}

Attributes read_attributes(const NodeProto& node, const ExternalData& external) {
  Attributes out;
  for (const AttributeProto& a : node.attribute()) {
    if (a.name().empty()) throw Error("an attribute has no name");
    if (!a.ref_attr_name().empty())
      throw Error("attribute ", quote(a.name()), " refers to the attribute ", quote(a.ref_attr_name()), " of a function, but is in none");
    const auto frame = [&](const Error& error) { return Error("attribute ", quote(a.name()), ": ", error.sentence()); };
    Attribute value;
    try {
      value = read_attribute(a, external);
    } catch (const Error& error) {
      throw frame(error);
    }
    if (!out.emplace(a.name(), std::move(value)).second) throw Error("attribute ", quote(a.name()), " is given twice");
  }
  return out;
}

}  // namespace lehr::onnx
