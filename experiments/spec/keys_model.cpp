#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
constexpr Choice<Form> scores[] = {{Form::logits, "logits", "any numbers: the loss takes what it finds as logits, and nothing is checked"},
                                   {Form::probabilities, "probabilities",
                                    "in [0, 1], of several classes with the sum 1: the loss is computed from the output as it is"}};

constexpr Choice<ModelSpec::Variance> variances[] = {{ModelSpec::Variance::population, "population", "the sum of squares over n, as ONNX and Keras say"},
                                                     {ModelSpec::Variance::unbiased, "unbiased", "over n-1, as PyTorch does"}};

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
                  .set = [](Experiment& e, const Value& v) { e.model.file = v.path, e.model.file_as_written = v.text; }});
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
  keys.push_back({.path = "model.untie",
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
}

}  // namespace lehr::spec
