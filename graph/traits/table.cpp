// The rows. Settings and indices are inputs no gradient flows into; an input without a word is never a weight by the operator's own say.
#include <algorithm>
#include <map>
#include <numeric>

#include "graph/traits/node.h"
#include "graph/traits/shapes.h"

namespace lehr {

namespace {
namespace s = shape_rules;
namespace b = batch_rules;
namespace c = contents_rules;

constexpr InputTrait data{}, setting{Purpose::setting}, index{Purpose::index}, choice{Purpose::choice};
constexpr InputTrait weight{Purpose::weight, "weight"}, bias{Purpose::offset, "bias"}, scale{Purpose::scale, "scale"}, shift{Purpose::offset, "shift"};
constexpr InputTrait table{Purpose::weight, "embedding table"}, slope{Purpose::scale, "slope"}, mean{Purpose::statistic, "running mean"},
    variance{Purpose::statistic, "running variance"};
constexpr InputTrait recurrent_in{Purpose::weight, "input weight"}, recurrent{Purpose::weight, "recurrent weight"}, initial{Purpose::weight, "initial state"};

using Inputs = std::function<const Shape&(std::size_t)>;
double count(const Shape& shape) { return static_cast<double>(elements(shape)); }
double extent(const Shape& shape, std::size_t axis) { return axis < shape.size() ? static_cast<double>(shape[axis]) : 1; }

double gemm_flops(const Node& node, const Inputs& in, const Shape& out) { return 2 * count(out) * extent(in(0), integer(node, "transA", 0) ? 0 : 1); }
double matmul_flops(const Node&, const Inputs& in, const Shape& out) { return 2 * count(out) * (in(0).empty() ? 1 : static_cast<double>(in(0).back())); }
double conv_flops(const Node&, const Inputs& in, const Shape& out) { return 2 * count(out) * count(in(1)) / std::max(1.0, extent(in(1), 0)); }
double transposed_flops(const Node&, const Inputs& in, const Shape&) { return 2 * count(in(0)) * count(in(1)) / std::max(1.0, extent(in(1), 0)); }
double einsum_flops(const Node& node, const Inputs& in, const Shape&) {
  std::map<char, double> sizes;
  std::string text = string(node, "equation", "");
  std::erase(text, ' ');
  std::size_t slot = 0;
  for (const auto& part : lehr::split(text.substr(0, text.find("->")), ',')) {
    for (std::size_t i = 0; i < part.size() && slot < node.in.size(); ++i) sizes[part[i]] = extent(in(slot), i);
    ++slot;
  }
  return std::accumulate(sizes.begin(), sizes.end(), 2.0, [](double product, const auto& size) { return product * size.second; });
}
double pool_flops(const Node& node, const Inputs&, const Shape& out) {
  double window = 1;
  for (std::size_t i = 0; i + 2 < out.size(); ++i) window *= static_cast<double>(std::max<std::int64_t>(1, list_entry(node, "kernel_shape", i, 1)));
  return count(out) * window;
}
double input_flops(const Node&, const Inputs& in, const Shape&) { return count(in(0)); }
double normal_flops(const Node&, const Inputs&, const Shape& out) { return 8 * count(out); }
double softmax_flops(const Node&, const Inputs&, const Shape& out) { return 5 * count(out); }
double no_flops(const Node&, const Inputs&, const Shape&) { return 0; }

std::vector<Traits> rows() {
  std::vector<Traits> out;
  const auto add = [&](Traits row) { out.push_back(std::move(row)); };

  // Of one input, element by element.
  for (const char* name : {"Relu",
                           "LeakyRelu",
                           "ThresholdedRelu",
                           "Elu",
                           "Selu",
                           "Celu",
                           "Gelu",
                           "Tanh",
                           "Sigmoid",
                           "Softplus",
                           "Softsign",
                           "HardSigmoid",
                           "HardSwish",
                           "Mish",
                           "Swish",
                           "lehr.Swish",
                           "Erf",
                           "Sin",
                           "Cos",
                           "com.microsoft.Gelu",
                           "com.microsoft.QuickGelu"})
    add({.name = name, .in = {data}, .shape = s::same, .batch = b::keeps, .elementwise = true});
  for (const char* name : {"Sign", "Floor", "Ceil", "Round"})
    add({.name = name, .in = {data}, .shape = s::same, .batch = b::keeps, .flat = true, .elementwise = true});
  for (const char* name : {"Not", "IsNaN", "IsInf"})
    add({.name = name, .in = {data}, .shape = s::same, .batch = b::keeps, .result = Result::boolean, .flat = true, .elementwise = true});
  add({.name = "Abs", .in = {data}, .shape = s::same, .batch = b::keeps, .affine = true, .elementwise = true});
  add({.name = "Exp", .in = {data}, .shape = s::same, .batch = b::keeps, .does = Does::exponential, .elementwise = true});
  add({.name = "Log", .in = {data}, .shape = s::same, .batch = b::keeps, .does = Does::logarithm, .affine = true, .elementwise = true});
  add({.name = "Sqrt", .in = {data}, .shape = s::same, .batch = b::keeps, .does = Does::root, .affine = true, .elementwise = true});
  add({.name = "Reciprocal", .in = {data}, .shape = s::same, .batch = b::keeps, .does = Does::reciprocal, .elementwise = true});
  add({.name = "Neg", .in = {data}, .shape = s::same, .batch = b::keeps, .carries = true, .elementwise = true});
  add({.name = "Clip", .in = {data, setting}, .shape = s::same, .batch = b::keeps, .affine = true, .elementwise = true});
  add({.name = "Dropout", .in = {data, setting}, .shape = s::same, .batch = b::keeps, .drops_out = true, .elementwise = true});
  add({.name = "Identity",
       .in = {data},
       .shape = s::same,
       .batch = b::keeps,
       .does = Does::identity,
       .carries = true,
       .affine = true,
       .elementwise = true,
       .contents = c::handed_on,
       .flops = no_flops});
  add({.name = "Cast",
       .in = {data},
       .shape = s::same,
       .batch = b::keeps,
       .result = Result::by_cast,
       .does = Does::cast,
       .carries = true,
       .affine = true,
       .elementwise = true,
       .contents = c::handed_on});
  add({.name = "CastLike",
       .in = {data, setting},
       .shape = s::same,
       .batch = b::ignores_others,
       .result = Result::unknown,
       .carries = true,
       .elementwise = true});
  add({.name = "DequantizeLinear",
       .in = {data, setting},
       .shape = s::same,
       .batch = b::keeps,
       .result = Result::as_second,
       .dequantizes = true,
       .elementwise = true});
  add({.name = "ai.onnx.ml.Scaler", .in = {data}, .shape = s::same, .batch = b::keeps, .result = Result::float32, .affine = true, .elementwise = true});
  add({.name = "com.microsoft.BiasGelu", .in = {data, bias}, .shape = s::same, .batch = b::broadcasts, .elementwise = true});
  add({.name = "com.microsoft.FastGelu", .in = {data, bias}, .shape = s::same, .batch = b::broadcasts, .elementwise = true});
  add({.name = "PRelu", .in = {data, slope}, .shape = s::same, .batch = b::scale_by_axis, .elementwise = true});

  // Of several inputs, broadcast together.
  const auto broadcast = [&](const char* name, Does does, bool affine, ContentsRule contents = nullptr) {
    add({.name = name,
         .in = {data},
         .shape = s::broadcasting,
         .batch = b::broadcasts,
         .does = does,
         .affine = affine,
         .elementwise = true,
         .contents = contents});
  };
  broadcast("Add", Does::add, true, c::add), broadcast("Sub", Does::subtract, true, c::subtract);
  for (const char* name : {"Min", "Max"}) broadcast(name, Does::other, true);
  broadcast("Mean", Does::other, false), broadcast("Mod", Does::other, false, c::remainder);
  broadcast("Sum", Does::add, false);
  broadcast("Pow", Does::power, false);
  add({.name = "Mul",
       .in = {data},
       .shape = s::broadcasting,
       .batch = b::broadcasts,
       .does = Does::multiply,
       .affine = true,
       .elementwise = true,
       .contents = c::multiply});
  add({.name = "Div",
       .in = {data},
       .shape = s::broadcasting,
       .batch = b::broadcasts,
       .does = Does::divide,
       .affine = true,
       .elementwise = true,
       .contents = c::divide});
  for (const char* name : {"Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor"})
    add({.name = name, .in = {data}, .shape = s::broadcasting, .batch = b::broadcasts, .result = Result::boolean, .flat = true, .elementwise = true});
  add({.name = "Where", .in = {index, choice}, .shape = s::broadcasting, .batch = b::broadcasts, .result = Result::as_second, .elementwise = true});

  // Layers.
  for (const char* name : {"Gemm", "lehr.FusedGemm", "com.microsoft.FusedGemm"})
    add({.name = name, .in = {weight, weight, bias}, .shape = s::gemm, .batch = b::gemm, .product = true, .fans = FanRule::rows_columns, .flops = gemm_flops});
  for (const char* name : {"MatMul", "com.microsoft.FusedMatMul"})
    add({.name = name, .in = {weight, weight}, .shape = s::matmul, .batch = b::matmul, .product = true, .fans = FanRule::rows_columns, .flops = matmul_flops});
  add({.name = "Einsum", .in = {weight}, .shape = s::einsum, .batch = b::einsum, .product = true, .fans = FanRule::rows_columns, .flops = einsum_flops});
  add({.name = "com.microsoft.FusedConv",
       .in = {data, weight, bias, data},
       .shape = s::convolution,
       .batch = b::outermost,
       .product = true,
       .fans = FanRule::filter,
       .flops = conv_flops});
  add({.name = "Conv",
       .in = {data, weight, bias},
       .shape = s::convolution,
       .batch = b::outermost,
       .product = true,
       .fans = FanRule::filter,
       .flops = conv_flops});
  add({.name = "ConvTranspose",
       .in = {data, weight, bias},
       .shape = s::transposed_convolution,
       .batch = b::outermost,
       .product = true,
       .fans = FanRule::filter,
       .flops = transposed_flops});
  for (const char* name : {"MaxPool", "AveragePool", "LpPool"})
    add({.name = name, .in = {data}, .shape = s::pooling, .batch = b::outermost, .flops = pool_flops});
  for (const char* name : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
    add({.name = name, .in = {data}, .shape = s::global_pooling, .batch = b::outermost, .flops = input_flops});
  add({.name = "LSTM",
       .in = {data, recurrent_in, recurrent, bias, index, initial, {Purpose::weight, "initial cell state"}, {Purpose::weight, "peephole weight"}}});
  for (const char* name : {"GRU", "RNN"}) add({.name = name, .in = {data, recurrent_in, recurrent, bias, index, initial}});
  add({.name = "com.microsoft.Attention", .in = {data, weight, bias, setting}});
  add({.name = "Attention", .in = {data}});
  for (const char* name : {"Softmax", "LogSoftmax"}) add({.name = name, .in = {data}, .shape = s::same, .batch = b::softmax, .flops = softmax_flops});

  // Normalisations.
  add({.name = "BatchNormalization",
       .in = {data, scale, shift, mean, variance},
       .shape = s::same,
       .batch = b::outermost,
       .normalises = true,
       .flops = normal_flops});
  add({.name = "LayerNormalization", .in = {data, scale, shift}, .shape = s::same, .batch = b::from_axis, .normalises = true, .flops = normal_flops});
  for (const char* name : {"RMSNormalization", "SimplifiedLayerNormalization"})
    add({.name = name, .in = {data, scale}, .shape = s::same, .batch = b::from_axis, .normalises = true, .flops = normal_flops});
  for (const char* name : {"GroupNormalization", "InstanceNormalization"})
    add({.name = name, .in = {data, scale, shift}, .shape = s::same, .batch = b::outermost, .normalises = true, .flops = normal_flops});
  add({.name = "com.microsoft.SkipLayerNormalization", .in = {data, data, scale, shift, bias}, .shape = s::same, .normalises = true, .flops = normal_flops});
  add({.name = "LpNormalization", .in = {data}, .shape = s::same, .batch = b::along_axis, .flops = normal_flops});
  add({.name = "LRN", .in = {data}, .shape = s::same, .batch = b::outermost, .flops = normal_flops});
  add({.name = "CumSum", .in = {data, setting}, .shape = s::same, .batch = b::cumsum});

  // The same values in another arrangement.
  add({.name = "Reshape",
       .in = {data, setting},
       .shape = s::reshape,
       .batch = b::reshape,
       .carries = true,
       .affine = true,
       .contents = c::handed_on,
       .flops = no_flops});
  add({.name = "Flatten", .in = {data}, .shape = s::flatten, .batch = b::flatten, .carries = true, .affine = true, .flops = no_flops});
  add({.name = "Squeeze",
       .in = {data, setting},
       .shape = s::squeeze,
       .batch = b::squeeze,
       .carries = true,
       .affine = true,
       .contents = c::handed_on,
       .flops = no_flops});
  add({.name = "Unsqueeze",
       .in = {data, setting},
       .shape = s::unsqueeze,
       .batch = b::unsqueeze,
       .carries = true,
       .affine = true,
       .contents = c::handed_on,
       .flops = no_flops});
  add({.name = "Transpose", .in = {data}, .shape = s::transpose, .batch = b::transpose, .carries = true, .transposes = true, .contents = c::transpose});
  add({.name = "Expand", .in = {data, setting}, .shape = s::expand, .batch = b::expand, .carries = true});
  add({.name = "Tile", .in = {data, setting}, .shape = s::tile, .batch = b::tile, .carries = true});
  add({.name = "Slice", .in = {data, setting}, .shape = s::slice, .batch = b::slice, .carries = true, .affine = true, .contents = c::slice});
  add({.name = "Split", .in = {data, setting}, .shape = s::split, .batch = b::split, .carries = true, .affine = true});
  add({.name = "Concat", .in = {data}, .shape = s::concat, .batch = b::concat, .carries = true, .affine = true, .contents = c::concat});
  add({.name = "Pad", .in = {data, setting, choice, setting}, .shape = s::pad, .batch = b::pad});
  add({.name = "Trilu", .in = {data, setting}, .shape = s::same, .batch = b::leading});
  add({.name = "Gather", .in = {table, index}, .shape = s::gather, .batch = b::gather, .affine = true, .looks_up = true, .contents = c::gather});
  add({.name = "GatherND", .in = {table, index}, .batch = b::gather_nd});
  add({.name = "GatherElements", .in = {table, index}, .shape = s::gather_elements, .batch = b::gather_elements});
  for (const char* name : {"Resize", "Upsample"}) add({.name = name, .in = {data, setting}});

  // Fewer values.
  for (const char* name : {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"})
    add({.name = name, .in = {data, setting}, .shape = s::reduce, .batch = b::reduce, .flops = input_flops});
  add({.name = "ReduceProd", .in = {data, setting}, .shape = s::reduce, .batch = b::reduce, .contents = c::product, .flops = input_flops});
  for (const char* name : {"ArgMax", "ArgMin"})
    add({.name = name,
         .in = {data},
         .shape = s::arg_reduce,
         .batch = b::arg_reduce,
         .result = Result::integer,
         .flat = true,
         .label = 0,
         .flops = input_flops});
  add({.name = "TopK", .in = {data, setting}, .shape = s::top_k, .batch = b::along_axis});

  // Shapes, indices, noise.
  add({.name = "Shape",
       .in = {data},
       .shape = s::rank_of,
       .batch = b::sizes,
       .result = Result::integer,
       .flat = true,
       .contents = c::shape,
       .flops = no_flops});
  add({.name = "Size", .in = {data}, .shape = s::scalar, .batch = b::sizes, .result = Result::integer, .flat = true, .flops = no_flops});
  add({.name = "Range", .in = {setting}, .flat = true});
  add({.name = "ConstantOfShape", .in = {setting}, .shape = s::of_contents, .result = Result::unknown, .flat = true, .contents = c::filled});
  add({.name = "EyeLike", .in = {data}, .shape = s::same, .flat = true});
  add({.name = "NonZero", .in = {data}, .result = Result::integer, .flat = true});
  add({.name = "OneHot", .in = {index, setting, choice}, .shape = s::one_hot, .batch = b::one_hot, .result = Result::unknown, .flat = true});
  for (const char* name : {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli"})
    add({.name = name, .in = {data}, .flat = true});

  // Labels for the caller.
  add({.name = "ai.onnx.ml.ArrayFeatureExtractor", .in = {choice, index}, .batch = b::feature_extractor, .result = Result::unknown, .flat = true, .label = 1});
  for (const char* name : {"ai.onnx.ml.ZipMap", "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.Binarizer", "ai.onnx.ml.CastMap"})
    add({.name = name, .in = {data}, .result = Result::unknown, .flat = true, .label = 0});

  // Losses.
  for (const char* name : {"lehr.BinaryCrossEntropy", "lehr.SoftmaxCrossEntropy", "lehr.MeanSquaredError", "lehr.MeanAbsoluteError", "lehr.Huber"})
    add({.name = name, .in = {data, index}, .shape = s::scalar, .batch = b::sizes, .flops = input_flops});
  for (const char* name : {"SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"})
    add({.name = name, .in = {data, index, setting}, .batch = b::sizes, .flops = input_flops});

  std::ranges::sort(out, {}, &Traits::name);
  return out;
}

const Traits* find_row(const std::string& name) {
  static const std::map<std::string_view, const Traits*> index_of = [] {
    std::map<std::string_view, const Traits*> out;
    for (const Traits& row : all_traits()) out.emplace(row.name, &row);
    return out;
  }();
  const auto it = index_of.find(name);
  return it == index_of.end() ? nullptr : it->second;
}
}  // namespace

const std::vector<Traits>& all_traits() {
  static const std::vector<Traits> all = rows();
  return all;
}

bool has_traits(std::string_view name) { return find_row(std::string(name)) != nullptr; }

const Traits& traits(const Node& node) {
  static const Traits unknown{};
  const Traits* row = find_row(node.domain.empty() ? node.op : node.domain + "." + node.op);
  return row ? *row : unknown;
}

bool casts_to_float(const Node& node) {
  const std::int64_t to = integer(node, "to", 0);
  return traits(node).result == Result::by_cast && (to == 1 || to == 10 || to == 11 || to == 16);
}

bool has_gradient(const Node& node) {
  const Traits& t = traits(node);
  return !t.flat && (t.result != Result::by_cast || casts_to_float(node));
}
bool has_gradient(const Node& node, std::size_t slot) {
  const Purpose use = traits(node).slot(slot).purpose;
  return use != Purpose::statistic && use != Purpose::setting && use != Purpose::index;
}
bool carries(const Node& node, std::size_t slot) {
  const Traits& t = traits(node);
  return t.carries && (slot == 0 || t.slot(slot).purpose == Purpose::data);
}
const char* weight_word(const Node& node, std::size_t slot) {
  const InputTrait s = traits(node).slot(slot);
  return s.purpose == Purpose::weight || s.purpose == Purpose::scale || s.purpose == Purpose::offset ? s.word : nullptr;
}
double flops(const Node& node, const std::function<const Shape&(std::size_t)>& in, const Shape& out) {
  const FlopRule rule = traits(node).flops;
  return rule ? rule(node, in, out) : count(out);
}

std::optional<FanAxes> fan_axes(const Node& node, std::size_t slot, std::size_t rank) {
  const Traits& t = traits(node);
  if (t.slot(slot).purpose != Purpose::weight || rank < 2) return std::nullopt;
  if (t.fans == FanRule::filter) return FanAxes{1, 0};
  if (t.fans != FanRule::rows_columns) return std::nullopt;
  const bool transposed = integer(node, slot == 0 ? "transA" : "transB", 0) != 0, left = slot == 0;
  return transposed != left ? FanAxes{1, 0} : FanAxes{0, 1};
}

}  // namespace lehr
