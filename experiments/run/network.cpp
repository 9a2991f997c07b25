#include "experiments/run/network.h"

#include <array>
#include <cmath>

#include "base/file.h"
#include "base/rng.h"
#include "experiments/run/exported.h"
#include "graph/onnx/create.h"
#include "graph/onnx/original.h"
#include "graph/onnx/rewrite.h"
#include "graph/passes/new_head.h"

namespace lehr::run {

namespace {
std::string operator_of(spec::MlpSpec::Activation activation) {
  using A = spec::MlpSpec::Activation;
  static constexpr std::array names = {
      std::pair{A::relu, "Relu"},         std::pair{A::leaky_relu, "LeakyRelu"}, std::pair{A::elu, "Elu"},         std::pair{A::selu, "Selu"},
      std::pair{A::softplus, "Softplus"}, std::pair{A::softsign, "Softsign"},    std::pair{A::sigmoid, "Sigmoid"}, std::pair{A::tanh, "Tanh"}};
  for (const auto& [value, name] : names)
    if (value == activation) return name;
  throw Error("this activation has no operator").code(Exit::failed);
}

onnx::DenseLayer::Norm norm_of(spec::MlpSpec::Norm norm) {
  using Norm = onnx::DenseLayer::Norm;
  return norm == spec::MlpSpec::Norm::batch ? Norm::batch : norm == spec::MlpSpec::Norm::layer ? Norm::layer : Norm::none;
}

// Some numbers in the file; each trial draws its own.
onnx::DenseLayer layer(std::int64_t in, std::int64_t out, std::string activation, std::uint64_t index) {
  onnx::DenseLayer made{Tensor(TensorType{Dtype::f32, {out, in}}), Tensor(TensorType{Dtype::f32, {out}}), std::move(activation)};
  Random random(0, Stream::init, index);
  const double a = std::sqrt(6.0 / static_cast<double>(in + out));
  for (float& v : made.weight.as<float>()) v = static_cast<float>((2 * random.uniform() - 1) * a);
  return made;
}

// "model.mlp: 64-16-10, Relu, BatchNormalization, Dropout 0.1, Softmax"
std::string described(const spec::MlpSpec& mlp, const std::vector<onnx::DenseLayer>& layers) {
  std::string out = cat("model.mlp: ", layers.front().weight.shape()[1]);
  for (const auto& layer : layers) out += cat("-", layer.weight.shape()[0]);
  if (!mlp.hidden.empty()) {
    out += ", " + layers.front().activation;
    if (mlp.norm != spec::MlpSpec::Norm::none) out += mlp.norm == spec::MlpSpec::Norm::batch ? ", BatchNormalization" : ", LayerNormalization";
    if (mlp.dropout > 0) out += cat(", Dropout ", number(mlp.dropout));
  }
  return cat(out, layers.back().activation.empty() ? "" : ", ", layers.back().activation);
}

std::vector<onnx::DenseLayer> mlp_layers(const spec::MlpSpec& mlp, const MlpWidths& widths, const LossSpec& loss) {
  std::vector<onnx::DenseLayer> layers;
  std::int64_t in = widths.inputs;
  for (const std::int64_t width : mlp.hidden) {
    layers.push_back(layer(in, width, operator_of(mlp.activation), layers.size()));
    layers.back().norm = norm_of(mlp.norm);
    layers.back().dropout = static_cast<float>(mlp.dropout);
    in = width;
  }
  const TargetKind target = loss_row(loss.kind).target;
  layers.push_back(layer(in, widths.outputs, target == TargetKind::binary ? "Sigmoid" : target == TargetKind::classes ? "Softmax" : "", layers.size()));
  return layers;
}

std::vector<std::string> stored(const Graph& graph) {
  std::vector<std::string> out;
  for (const Value& v : graph.values())
    if (v.data) out.push_back(v.name);
  return out;
}

DeclaredType scores_type(const Graph& graph, ValueId id, std::int64_t width) {
  DeclaredType type = graph.value(id).type.value_or(DeclaredType{});
  if (type.dims && !type.dims->empty()) type.dims->back() = Dim{width, ""};
  return type;
}

// The file with the new layer, as if it had been read so.
void replace_head(Network& out, const ModelKey& key) {
  const NewHead head = new_head(out.model.graph, key.loss, key.model.head->outputs);
  onnx::Changes changes;
  for (const auto& own : head.own) {
    changes.own.push_back({own.name, own.data, {own.place}});
    out.fresh.push_back(own.name), out.head.push_back(own.name);
  }
  changes.dims = head.dims;
  changes.without = head.labels;
  if (head.answer != no_value) changes.outputs.push_back({out.model.graph.value(head.answer).name, scores_type(out.model.graph, head.answer, head.width)});
  if (out.model.metadata.contains(classes_key)) changes.metadata[classes_key] = "";
  changes.inference = false;
  const auto written = onnx::rewrite(out.model.original, changes).original;
  std::vector<std::string> notes = std::move(out.model.notes);
  out.model = onnx::read_model_bytes(written->bytes, written->folder);
  out.model.notes = std::move(notes);
  out.fingerprint = fingerprint(written->bytes);
  out.notes.push_back(cat("model.head: ", head.text()));
  if (!head.labels.empty())
    out.notes.push_back(cat("model.head: what names the old classes is left out of the written file: the output", head.labels.size() == 1 ? " " : "s ",
                            join(head.labels, ", "),
                            head.answer == no_value ? "" : cat("; in place of them it gives out ", quote(changes.outputs.front().name))));
}
}  // namespace

MlpWidths mlp_widths(const LossSpec& loss, const Dataset& data) {
  if (data.features.size() != 1)
    throw Error("model.mlp has one input, the data feed ", data.features.size(), " (data.inputs): leave data.inputs out, or give a model.file")
        .code(Exit::mismatch);
  const TargetKind target = loss_row(loss.kind).target;
  const auto classes = static_cast<std::int64_t>(data.classes.size());
  return {data.features.front().width(), target == TargetKind::binary && classes > 0 ? 1 : target == TargetKind::classes ? classes : data.target.width()};
}

Network read_network(const ModelKey& key) {
  Network out;
  if (key.model.mlp) {
    const auto layers = mlp_layers(*key.model.mlp, key.widths.value(), key.loss);
    const std::string bytes = onnx::make_mlp("mlp", layers);
    out.notes.push_back(described(*key.model.mlp, layers));
    out.model = onnx::read_model_bytes(bytes, {});
    out.fingerprint = fingerprint(bytes);
    out.fresh = stored(out.model.graph);
    return out;
  }
  out.model = onnx::read_model(key.model.file);  // says itself which file
  out.fingerprint = fingerprint(out.model.original->bytes);
  if (key.model.head) within([&] { return key.model.title(); }, [&] { replace_head(out, key); });
  return out;
}

}  // namespace lehr::run
