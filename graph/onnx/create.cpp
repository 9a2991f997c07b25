#include "graph/onnx/create.h"

#include "graph/onnx/proto.h"

namespace lehr::onnx {

namespace {
void declare(::onnx::ValueInfoProto& info, const std::string& name, std::int64_t width) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(::onnx::TensorProto::FLOAT);
  tensor.mutable_shape()->add_dim()->set_dim_param("batch");
  tensor.mutable_shape()->add_dim()->set_dim_value(width);
}

void store(::onnx::GraphProto& graph, const std::string& name, const Tensor& tensor) {
  auto& proto = *graph.add_initializer();
  proto.set_name(name);
  proto.set_data_type(::onnx::TensorProto::FLOAT);
  for (const std::int64_t dim : tensor.shape()) proto.add_dims(dim);
  proto.set_raw_data(tensor.data.data(), tensor.data.size());
}
}  // namespace

std::string make_mlp(const std::string& name, const std::vector<DenseLayer>& layers) {
  if (layers.empty()) throw Error("a model needs at least one layer");
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("lehr");
  model.set_producer_version(LEHR_VERSION);
  auto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(17);
  auto& graph = *model.mutable_graph();
  graph.set_name(name);
  declare(*graph.add_input(), "x", layers.front().weight.shape().at(1));
  std::string value = "x";
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string layer = cat("fc", i + 1);
    const bool last = i + 1 == layers.size(), active = !layers[i].activation.empty();
    store(graph, layer + ".weight", layers[i].weight);
    store(graph, layer + ".bias", layers[i].bias);
    auto& gemm = *graph.add_node();
    gemm.set_name(layer);
    gemm.set_op_type("Gemm");
    for (const std::string& input : {value, layer + ".weight", layer + ".bias"}) gemm.add_input(input);
    value = last && !active ? std::string("y") : layer + ".out";
    gemm.add_output(value);
    auto& trans = *gemm.add_attribute();
    trans.set_name("transB");
    trans.set_type(::onnx::AttributeProto::INT);
    trans.set_i(1);
    if (!active) continue;
    auto& node = *graph.add_node();
    node.set_name(cat("act", i + 1));
    node.set_op_type(layers[i].activation);
    node.add_input(value);
    value = last ? std::string("y") : cat("act", i + 1, ".out");
    node.add_output(value);
    if (layers[i].activation == "Softmax") {
      auto& axis = *node.add_attribute();
      axis.set_name("axis");
      axis.set_type(::onnx::AttributeProto::INT);
      axis.set_i(-1);
    }
  }
  declare(*graph.add_output(), "y", layers.back().weight.shape().at(0));
  return model.SerializeAsString();
}

}  // namespace lehr::onnx
