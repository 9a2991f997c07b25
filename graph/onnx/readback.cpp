#include "graph/onnx/readback.h"

#include <optional>

#include "graph/onnx/original.h"
#include "graph/onnx/tensor.h"

namespace lehr::onnx {

namespace {
// Takes the values out of a tensor; where they lie outside the file, the rest says where and not what.
Tensor taken(TensorProto& tensor, const ExternalData& external, bool& outside) {
  Tensor out = read_tensor(tensor, external);
  if (tensor.data_location() == TensorProto::EXTERNAL) return outside = true, out;
  tensor.clear_raw_data();
  tensor.clear_float_data();
  tensor.clear_double_data();
  tensor.clear_int32_data();
  return out;
}

std::optional<Tensor> taken(NodeProto& node, const ExternalData& external, bool& outside) {
  if (!constant_attribute(node)) return std::nullopt;
  AttributeProto& a = *node.mutable_attribute(0);
  if (a.has_t()) return taken(*a.mutable_t(), external, outside);
  std::vector<float> list(a.floats().begin(), a.floats().end());
  const bool one = a.name() == "value_float";
  if (one) list = {a.f()};
  Tensor out(one ? Shape{} : Shape{static_cast<std::int64_t>(list.size())}, std::span<const float>(list));
  a.clear_floats();
  a.clear_f();
  return out;
}

std::optional<Tensor> taken(ModelProto& proto, const std::string& name, const Source& source, const ExternalData& external, bool& outside) {
  GraphProto& graph = *proto.mutable_graph();
  const int index = source.index;
  switch (source.kind) {
    case Source::Kind::initializer:
      if (index >= graph.initializer_size() || graph.initializer(index).name() != name) return std::nullopt;
      return taken(*graph.mutable_initializer(index), external, outside);
    case Source::Kind::node:
      if (index >= graph.node_size() || graph.node(index).output_size() != 1 || graph.node(index).output(0) != name) return std::nullopt;
      return taken(*graph.mutable_node(index), external, outside);
    case Source::Kind::function:
      if (index >= proto.functions_size() || source.node < 0 || source.node >= proto.functions(index).node_size()) return std::nullopt;
      return taken(*proto.mutable_functions(index)->mutable_node(source.node), external, outside);
  }
  return std::nullopt;
}
}  // namespace

Parted take_apart(const std::string& bytes, const std::filesystem::path& folder, const Original& written, const std::vector<std::string>& names) {
  ModelProto proto;
  if (!proto.ParseFromString(bytes)) throw Error("the file cannot be read back: protobuf refuses it");
  const ExternalData external(folder);
  Parted out;
  for (const std::string& name : names) {
    const auto source = written.sources.find(name);
    std::optional<Tensor> values = source == written.sources.end() ? std::nullopt : taken(proto, name, source->second, external, out.external);
    if (!values) throw Error("the tensor ", quote(name), " is not where it was written");
    out.values.push_back(std::move(*values));
  }
  if (!proto.SerializeToString(&out.rest)) throw Error("the model is larger than the 2 GiB protobuf can write").code(Exit::failed);
  return out;
}

}  // namespace lehr::onnx
