#include <cmath>

#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
constexpr Choice<Form> scores[] = {{Form::logits, "logits", "any numbers: the loss takes what it finds as logits, and nothing is checked"},
                                   {Form::probabilities, "probabilities",
                                    "in [0, 1], of several classes with the sum 1: the loss is computed from the output as it is"}};

constexpr Choice<ModelSpec::Variance> variances[] = {{ModelSpec::Variance::population, "population", "the sum of squares over n, as ONNX and Keras say"},
                                                     {ModelSpec::Variance::unbiased, "unbiased", "over n-1, as PyTorch does"}};
constexpr Choice<ModelSpec::Inputs> inputs[] = {
    {ModelSpec::Inputs::scaled, "scaled", "what the network saw: numbers prepared as preprocess.json says"},
    {ModelSpec::Inputs::raw, "raw", "the table's columns, or the arrays as they are: the file computes in front of the network what preprocessing does "
     "(impute, scale, one-hot, codes)"}};

using Activation = MlpSpec::Activation;
constexpr Choice<Activation> activations[] = {
    {Activation::relu, "relu"},         {Activation::leaky_relu, "leaky_relu"}, {Activation::elu, "elu"},         {Activation::selu, "selu"},
    {Activation::softplus, "softplus"}, {Activation::softsign, "softsign"},     {Activation::sigmoid, "sigmoid"}, {Activation::tanh, "tanh"}};
using Norm = MlpSpec::Norm;
constexpr Choice<Norm> norms[] = {{Norm::none, "none"},
                                  {Norm::batch, "batch", "BatchNormalization"},
                                  {Norm::layer, "layer", "LayerNormalization"}};

MlpSpec& mlp(Experiment& e) { return e.model.mlp ? *e.model.mlp : e.model.mlp.emplace(); }
HeadSpec& head(Experiment& e) { return e.model.head ? *e.model.head : e.model.head.emplace(); }

void add_mlp_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "model.mlp",
                  .type = Type::mapping,
                  .doc = "In place of a file: a multilayer perceptron made from the width of the data, with one output for binary_crossentropy (behind a "
                         "Sigmoid), one a class for categorical_crossentropy (behind a Softmax), else one a target value. Its layers are "
                         "fc1, fc2, …; each trial draws them by `init`, what "
                         "that leaves out by glorot_uniform, biases 0. What is trained is written as ONNX like any model.",
                  .absent = "the network is read from model.file",
                  .example = "{hidden: [34, 16], activation: relu, norm: batch, dropout: 0.1}",
                  .apart = true});
  keys.push_back({.path = "model.mlp.hidden",
                  .type = Type::integers,
                  .doc = "The widths of the hidden layers; [] is a linear model.",
                  .example = "[34, 16]",
                  .required = true,
                  .low = 1,
                  .high = 65536,
                  .set = [](Experiment& e, const Value& v) { mlp(e).hidden = v.integers; }});
  keys.push_back(choosing({.path = "model.mlp.activation", .doc = "Of the hidden layers.", .fallback = "relu"}, activations,
                          [](Experiment& e, Activation a) { mlp(e).activation = a; }));
  keys.push_back(choosing({.path = "model.mlp.norm", .doc = "Stands between each hidden layer and its activation.", .fallback = "none"}, norms,
                          [](Experiment& e, Norm n) { mlp(e).norm = n; }));
  keys.push_back({.path = "model.mlp.dropout",
                  .type = Type::number,
                  .doc = "Ratio of the Dropout behind each activation; 0: there is none. The key `dropout` moves it.",
                  .fallback = "0",
                  .low = 0,
                  .high = std::nextafter(1.0, 0.0),
                  .set = [](Experiment& e, const Value& v) { mlp(e).dropout = v.number; }});
}

void add_transfer_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "model.head",
                  .type = Type::mapping,
                  .doc = "Replaces the last affine layer in front of the scores (Gemm, MatMul with its Add, Conv) by a fresh one, head.weight and "
                         "head.bias, which each trial "
                         "draws by `init`, else by glorot_uniform, bias 0. Labels that name the old classes are left out of the written file.",
                  .absent = "the model keeps its last layer",
                  .example = "{outputs: 5, freeze_rest: true}",
                  .apart = true});
  keys.push_back({.path = "model.head.outputs",
                  .type = Type::integer,
                  .doc = "Its width: the number of classes, 1, or the number of target values.",
                  .example = "5",
                  .required = true,
                  .low = 1,
                  .high = 1e6,
                  .set = [](Experiment& e, const Value& v) { head(e).outputs = v.integer; }});
  keys.push_back({.path = "model.head.freeze_rest",
                  .type = Type::boolean,
                  .doc = "Only the new layer is trained; the statistics of BatchNormalization still move, unless batch_statistics: false.",
                  .fallback = "false",
                  .set = [](Experiment& e, const Value& v) { head(e).freeze_rest = v.boolean; }});
  keys.push_back({.path = "model.weights",
                  .type = Type::path,
                  .doc = "Other values to start from, tensor by tensor of the same name and shape: a .safetensors or an .onnx file, or the folder of a run, "
                         "with a trial's name behind it where it keeps the models of several: the model after the last epoch is taken. What "
                         "`init` names is drawn anew all the same.",
                  .absent = "the weights of model.file",
                  .example = "runs/pretrained",
                  .set = [](Experiment& e, const Value& v) { e.model.weights = v.path, e.model.weights_as_written = v.text; }});
}

std::vector<std::string> initializer_values(const Vocabulary& vocabulary) {
  std::vector<std::string> out;
  for (const auto& [name, row] : vocabulary.initializers) out.push_back(name);
  return out;
}
std::vector<std::string> initializer_docs(const Vocabulary& vocabulary) {
  std::vector<std::string> out;
  for (const auto& [name, row] : vocabulary.initializers) out.push_back(row.doc);
  return out;
}
}  // namespace

void add_model_keys(std::vector<Key>& keys, const Vocabulary& vocabulary) {
  keys.push_back({.path = "model",
                  .type = Type::mapping,
                  .doc = "The network that is trained. A bare file name stands for {file: …}.",
                  .example = "{file: mlp.onnx, init: glorot_uniform}",
                  .required = true,
                  .shorthand = "file"});
  keys.push_back({.path = "model.file",
                  .type = Type::path,
                  .doc = "An ONNX file, relative to the file that states it.",
                  .example = "mlp.onnx",
                  .required = true,
                  .instead = "model.mlp",
                  .set = [](Experiment& e, const Value& v) { e.model.file = v.path, e.model.file_as_written = v.text; }});
  add_mlp_keys(keys);
  add_transfer_keys(keys);
  keys.push_back({.path = "model.init",
                  .type = Type::init,
                  .doc = "New initial values: an initializer for all weights, or one for each pattern of parameter names, where a later pattern wins.",
                  .absent = "the weights of the file",
                  .example = "{\"*\": he_normal, \"fc3.*\": normal(0.01)}",
                  .values = initializer_values(vocabulary),
                  .docs = initializer_docs(vocabulary),
                  .set = [](Experiment& e, const Value& v) { e.model.init = v.pairs; }});
  keys.push_back({.path = "model.output",
                  .type = Type::text,
                  .doc = "Name of the model output the loss looks at.",
                  .absent = "found: the only output that fits the loss",
                  .example = "logits",
                  .set = [](Experiment& e, const Value& v) { e.loss.output = v.text; }});
  keys.push_back(choosing({.path = "model.scores",
                           .doc = "What the model's output is, for a loss over classes.",
                           .absent = "found: the last nodes tell; numbers that look otherwise stop the run before it trains"},
                          scores, [](Experiment& e, Form form) { e.loss.scores = form; }));
  keys.push_back(
      {.path = "model.untie",
       .type = Type::texts,
       .doc = "Patterns over stored tensors that several nodes read, as tools that merge equal values leave them: each use gets a tensor of its own, in "
              "training and in the written file.",
       .absent = "what the file stores once is trained as one",
       .example = "[\"*.bias\"]",
       .set = [](Experiment& e, const Value& v) { e.model.untie = v.texts; }});
  keys.push_back({.path = "model.batch_axis",
                  .type = Type::integer,
                  .doc = "The dimension of the model's inputs that counts the rows, from 0.",
                  .absent = "found: the one that is left open, else the first along which the rows stay apart",
                  .example = "1",
                  .low = 0,
                  .high = 7,
                  .set = [](Experiment& e, const Value& v) { e.model.batch_axis = v.integer; }});
  keys.push_back({.path = "model.batch_statistics",
                  .type = Type::boolean,
                  .doc = "While training, BatchNormalization uses the statistics of the batch (true) or the running ones of the file (false).",
                  .fallback = "true",
                  .set = [](Experiment& e, const Value& v) { e.model.batch_statistics = v.boolean; }});
  keys.push_back({.path = "model.batch_norm", .type = Type::mapping, .doc = "How BatchNormalization trains.", .example = "{running_variance: unbiased}"});
  keys.push_back(choosing({.path = "model.batch_norm.running_variance",
                           .doc = "The variance of the batch that the running variance moves by; the batch itself is normalized with the population's in both.",
                           .absent = "population, with a note where PyTorch made the model",
                           .example = "unbiased"},
                          variances, [](Experiment& e, ModelSpec::Variance variance) { e.model.running_variance = variance; }));
  keys.push_back({.path = "model.export", .type = Type::mapping, .doc = "How trained models are written.", .example = "{inputs: raw}"});
  keys.push_back(choosing({.path = "model.export.inputs", .doc = "What the inputs of the written file take.", .fallback = "scaled", .example = "raw"}, inputs,
                          [](Experiment& e, ModelSpec::Inputs chosen) { e.model.export_inputs = chosen; }));
}

}  // namespace lehr::spec
