#include "graph/onnx/create.h"

#include "graph/onnx/proto.h"

namespace lehr::onnx {

namespace {
void declare(ValueInfoProto& info, const std::string& name, std::int64_t width) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(TensorProto::FLOAT);
  tensor.mutable_shape()->add_dim()->set_dim_param("batch");
  tensor.mutable_shape()->add_dim()->set_dim_value(width);
}

class Builder {
 public:
  explicit Builder(GraphProto& graph) : graph_(graph) {}

  void layer(const DenseLayer& layer, std::size_t number, bool last) {
    const std::string fc = cat("fc", number), act = cat("act", number);
    const bool active = !layer.activation.empty();
    store(fc + ".weight", layer.weight);
    store(fc + ".bias", layer.bias);
    attribute(node("Gemm", fc, {fc + ".weight", fc + ".bias"}, last && !active ? "y" : fc + ".out"), "transB", 1);
    if (!last) norm(layer, cat("norm", number));
    if (active) {
      NodeProto& made = node(layer.activation, act, {}, last ? "y" : act + ".out");
      if (layer.activation == "Softmax") attribute(made, "axis", -1);
    }
    if (!last && layer.dropout > 0) {
      const std::string drop = cat("drop", number);
      store(drop + ".ratio", Tensor(Shape{}, std::span<const float>(&layer.dropout, 1)));
      node("Dropout", drop, {drop + ".ratio"}, drop + ".out");
    }
  }

 private:
  void norm(const DenseLayer& layer, const std::string& name) {
    if (layer.norm == DenseLayer::Norm::none) return;
    const Shape shape{layer.bias.shape().at(0)};
    const std::vector<float> zeros(static_cast<std::size_t>(shape[0]), 0.0f), ones(zeros.size(), 1.0f);
    const bool batch = layer.norm == DenseLayer::Norm::batch;
    std::vector<std::string> in;
    const auto put = [&](const char* what, const std::vector<float>& values) {
      in.push_back(cat(name, ".", what));
      store(in.back(), Tensor(shape, std::span<const float>(values)));
    };
    put("weight", ones), put("bias", zeros);
    if (batch) put("running_mean", zeros), put("running_var", ones);
    NodeProto& made = node(batch ? "BatchNormalization" : "LayerNormalization", name, in, name + ".out");
    if (!batch) attribute(made, "axis", -1);
  }

  // Of what was made last, and of stored tensors.
  NodeProto& node(const std::string& op, const std::string& name, const std::vector<std::string>& stored, const std::string& out) {
    NodeProto& made = *graph_.add_node();
    made.set_name(name);
    made.set_op_type(op);
    made.add_input(value_);
    for (const std::string& input : stored) made.add_input(input);
    made.add_output(out);
    value_ = out;
    return made;
  }

  static void attribute(NodeProto& node, const char* name, std::int64_t value) {
    AttributeProto& a = *node.add_attribute();
    a.set_name(name);
    a.set_type(AttributeProto::INT);
    a.set_i(value);
  }

  void store(const std::string& name, const Tensor& tensor) {
    TensorProto& proto = *graph_.add_initializer();
    proto.set_name(name);
    proto.set_data_type(TensorProto::FLOAT);
    for (const std::int64_t dim : tensor.shape()) proto.add_dims(dim);
    proto.set_raw_data(tensor.data.data(), tensor.data.size());
  }

  GraphProto& graph_;
  std::string value_ = "x";
};
}  // namespace

std::string make_mlp(const std::string& name, const std::vector<DenseLayer>& layers) {
  if (layers.empty()) throw Error("a model needs at least one layer");
  ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("lehr");
  model.set_producer_version(LEHR_VERSION);
  auto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(17);
  GraphProto& graph = *model.mutable_graph();
  graph.set_name(name);
  declare(*graph.add_input(), "x", layers.front().weight.shape().at(1));
  Builder builder(graph);
  for (std::size_t i = 0; i < layers.size(); ++i) builder.layer(layers[i], i + 1, i + 1 == layers.size());
  declare(*graph.add_output(), "y", layers.back().weight.shape().at(0));
  return model.SerializeAsString();
}

}  // namespace lehr::onnx
