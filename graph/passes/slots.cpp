#include "graph/passes/slots.h"

#include <map>
#include <set>
#include <string>

#include "graph/passes/uses.h"

namespace lehr {

namespace {

using Names = std::set<std::string, std::less<>>;

const std::map<std::string, std::vector<const char*>, std::less<>> words = {
    {"Gemm", {"weight", "weight", "bias"}},
    {"FusedGemm", {"weight", "weight", "bias"}},
    {"MatMul", {"weight", "weight"}},
    {"FusedMatMul", {"weight", "weight"}},
    {"Einsum", {"weight", "weight", "weight", "weight"}},
    {"Conv", {nullptr, "weight", "bias"}},
    {"FusedConv", {nullptr, "weight", "bias"}},
    {"ConvTranspose", {nullptr, "weight", "bias"}},
    {"LSTM", {nullptr, "input weight", "recurrent weight", "bias", nullptr, "initial state", "initial cell state", "peephole weight"}},
    {"GRU", {nullptr, "input weight", "recurrent weight", "bias", nullptr, "initial state"}},
    {"RNN", {nullptr, "input weight", "recurrent weight", "bias", nullptr, "initial state"}},
    {"Attention", {nullptr, "weight", "bias"}},
    {"BatchNormalization", {nullptr, "scale", "shift"}},
    {"LayerNormalization", {nullptr, "scale", "shift"}},
    {"SkipLayerNormalization", {nullptr, nullptr, "scale", "shift", "bias"}},
    {"SimplifiedLayerNormalization", {nullptr, "scale"}},
    {"GroupNormalization", {nullptr, "scale", "shift"}},
    {"InstanceNormalization", {nullptr, "scale", "shift"}},
    {"RMSNormalization", {nullptr, "scale"}},
    {"PRelu", {nullptr, "slope"}},
    {"BiasGelu", {nullptr, "bias"}},
    {"FastGelu", {nullptr, "bias"}},
    {"Gather", {"embedding table"}},
    {"GatherND", {"embedding table"}},
    {"GatherElements", {"embedding table"}},
};

// Results that do not follow a small change of any input, or not smoothly.
const Names flat = {"Shape",
                    "Size",
                    "ArgMax",
                    "ArgMin",
                    "Greater",
                    "Less",
                    "Equal",
                    "GreaterOrEqual",
                    "LessOrEqual",
                    "And",
                    "Or",
                    "Not",
                    "Xor",
                    "OneHot",
                    "NonZero",
                    "IsNaN",
                    "IsInf",
                    "Sign",
                    "Floor",
                    "Ceil",
                    "Round",
                    "Range",
                    "ConstantOfShape",
                    "EyeLike",
                    "RandomNormal",
                    "RandomUniform",
                    "RandomNormalLike",
                    "RandomUniformLike",
                    "Bernoulli",
                    "ZipMap",
                    "ArrayFeatureExtractor",
                    "LabelEncoder",
                    "Binarizer",
                    "CastMap"};
// Only the first input takes part; the rest are axes, shapes, indices, bounds, ratios.
const Names first_only = {"Reshape",
                          "Expand",
                          "Slice",
                          "Clip",
                          "Dropout",
                          "Squeeze",
                          "Unsqueeze",
                          "Gather",
                          "GatherND",
                          "GatherElements",
                          "ReduceMean",
                          "ReduceSum",
                          "ReduceMax",
                          "ReduceMin",
                          "ReduceProd",
                          "ReduceL1",
                          "ReduceL2",
                          "ReduceSumSquare",
                          "ReduceLogSum",
                          "ReduceLogSumExp",
                          "Tile",
                          "TopK",
                          "Split",
                          "CumSum",
                          "Resize",
                          "Upsample",
                          "Trilu",
                          "CastLike",
                          "Scaler",
                          "BinaryCrossEntropy",
                          "SoftmaxCrossEntropy",
                          "MeanSquaredError",
                          "MeanAbsoluteError",
                          "Huber",
                          "SoftmaxCrossEntropyLoss",
                          "NegativeLogLikelihoodLoss",
                          "DequantizeLinear"};
const Names carriers = {"Identity", "Cast",   "CastLike", "Reshape", "Unsqueeze", "Squeeze", "Transpose",
                        "Flatten",  "Expand", "Slice",    "Split",   "Neg",       "Tile",    "Concat"};

}  // namespace

const char* weight_word(const Node& node, std::size_t slot) {
  const auto it = words.find(node.op);
  return it == words.end() || slot >= it->second.size() ? nullptr : it->second[slot];
}

bool has_gradient(const Node& node) {
  if (node.op == "Cast") {
    const std::int64_t to = integer(node, "to", 1);
    return to == 1 || to == 10 || to == 11 || to == 16;
  }
  return !flat.contains(node.op);
}

bool has_gradient(const Node& node, std::size_t slot) {
  if (first_only.contains(node.op)) return slot == 0;
  if (node.op == "Where") return slot > 0;
  if (node.op == "Pad") return slot == 0 || slot == 2;
  if (node.op == "BatchNormalization") return slot < 3;
  return true;
}

bool carries(const Node& node, std::size_t slot) { return carriers.contains(node.op) && (slot == 0 || node.op == "Concat"); }

bool multiplies(const Node& node) {
  return node.op == "Gemm" || node.op == "FusedGemm" || node.op == "MatMul" || node.op == "FusedMatMul" || node.op == "Einsum" || node.op == "Conv" ||
         node.op == "ConvTranspose";
}

bool normalises(const Node& node) { return node.op.ends_with("Normalization") && node.op != "LpNormalization"; }

}  // namespace lehr
