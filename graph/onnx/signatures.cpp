#include "graph/onnx/signatures.h"

#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "graph/onnx/opsets.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

namespace {
struct Row {
  const char* operators;  // with this signature
  int since;              // from this opset of their domain on
  const char* operands;   // inputs -> outputs: ? may be left out, ... once or more
  const char* attributes; // name:kind (see kinds below), ! where it must be given
};

// The operator schemas of ONNX 1.23; of ONNX Runtime's operators its ContribOperators.md. A row only where something of it changed.
// clang-format off
constexpr Row rows[] = {
    {"Abs Ceil Exp Floor Log Neg Reciprocal Relu Sigmoid Sqrt Tanh", 6, "T -> T", ""},
    {"Add Div Mul Sub", 6, "T T -> T", "axis:i broadcast:i"},
    {"Add Div Mul Sub", 7, "T T -> T", ""},
    {"And Or Xor", 1, "bool bool -> bool", "axis:i broadcast:i"},
    {"And Or Xor", 7, "bool bool -> bool", ""},
    {"ArgMax ArgMin", 1, "T -> int64", "axis:i keepdims:i"},
    {"ArgMax ArgMin", 12, "T -> int64", "axis:i keepdims:i select_last_index:i"},
    {"AveragePool", 1, "T -> T", "auto_pad:s kernel_shape:is! pads:is strides:is"},
    {"AveragePool", 7, "T -> T", "auto_pad:s count_include_pad:i kernel_shape:is! pads:is strides:is"},
    {"AveragePool", 10, "T -> T", "auto_pad:s ceil_mode:i count_include_pad:i kernel_shape:is! pads:is strides:is"},
    {"AveragePool", 19, "T -> T", "auto_pad:s ceil_mode:i count_include_pad:i dilations:is kernel_shape:is! pads:is strides:is"},
    {"BatchNormalization", 6, "T T T T T -> T T? T? T? T?", "epsilon:f is_test:i momentum:f spatial:i"},
    {"BatchNormalization", 7, "T T T T T -> T T? T? T? T?", "epsilon:f momentum:f spatial:i"},
    {"BatchNormalization", 9, "T T T T T -> T T? T? T? T?", "epsilon:f momentum:f"},
    {"BatchNormalization", 14, "T T T U U -> T U? U?", "epsilon:f momentum:f training_mode:i"},
    {"BatchNormalization", 15, "T T1 T1 T2 T2 -> T T2? T2?", "epsilon:f momentum:f training_mode:i"},
    {"Cast", 6, "T1 -> @to", "to:i!"},
    {"Cast", 19, "T1 -> @to", "saturate:i to:i!"},
    {"Cast", 24, "T1 -> @to", "round_mode:s saturate:i to:i!"},
    {"CastLike", 15, "T1 T2 -> T2", ""},
    {"CastLike", 19, "T1 T2 -> T2", "saturate:i"},
    {"CastLike", 24, "T1 T2 -> T2", "round_mode:s saturate:i"},
    {"Celu", 12, "float32 -> float32", "alpha:f"},
    {"Celu", 28, "T -> T", "alpha:f"},
    {"Clip", 6, "T -> T", "max:f min:f"},
    {"Clip", 11, "T T? T? -> T", ""},
    {"Concat", 4, "T... -> T", "axis:i!"},
    {"Constant", 1, "-> @value", "value:t"},
    {"Constant", 11, "-> @value", "sparse_value:st value:t"},
    {"Constant", 12, "-> @value", "sparse_value:st value:t value_float:f value_floats:fs value_int:i value_ints:is value_string:s value_strings:ss"},
    {"ConstantOfShape", 9, "int64 -> @value:float32", "value:t"},
    {"Conv", 1, "T T T? -> T", "auto_pad:s dilations:is group:i kernel_shape:is pads:is strides:is"},
    {"ConvTranspose", 1, "T T T? -> T", "auto_pad:s dilations:is group:i kernel_shape:is output_padding:is output_shape:is pads:is strides:is"},
    {"Cos Sin", 7, "T -> T", ""},
    {"CumSum", 11, "T T2 -> T", "exclusive:i reverse:i"},
    {"DequantizeLinear", 10, "T float32 T? -> float32", ""},
    {"DequantizeLinear", 13, "T float32 T? -> float32", "axis:i"},
    {"DequantizeLinear", 19, "T1 T2 T1? -> T2", "axis:i"},
    {"DequantizeLinear", 21, "T1 T2 T1? -> T2", "axis:i block_size:i"},
    {"DequantizeLinear", 23, "T1 T2 T1? -> @output_dtype:T2", "axis:i block_size:i output_dtype:i"},
    {"Dropout", 6, "T -> T T?", "is_test:i ratio:f"},
    {"Dropout", 7, "T -> T T?", "ratio:f"},
    {"Dropout", 10, "T -> T bool?", "ratio:f"},
    {"Dropout", 12, "T T1? bool? -> T bool?", "seed:i"},
    {"Einsum", 12, "T... -> T", "equation:s!"},
    {"Elu LeakyRelu", 6, "T -> T", "alpha:f"},
    {"Equal Greater Less", 1, "T T -> bool", "axis:i broadcast:i"},
    {"Equal Greater Less", 7, "T T -> bool", ""},
    {"Erf Sign", 9, "T -> T", ""},
    {"Expand", 8, "T int64 -> T", ""},
    {"EyeLike", 9, "T1 -> @dtype:T1", "dtype:i k:i"},
    {"Flatten LogSoftmax Softmax", 1, "T -> T", "axis:i"},
    {"Gather", 1, "T Tind -> T", "axis:i"},
    {"GatherElements", 11, "T Tind -> T", "axis:i"},
    {"GatherND", 11, "T int64 -> T", ""},
    {"GatherND", 12, "T int64 -> T", "batch_dims:i"},
    {"Gelu", 20, "T -> T", "approximate:s"},
    {"Gemm", 6, "T T T -> T", "alpha:f beta:f broadcast:i transA:i transB:i"},
    {"Gemm", 7, "T T T -> T", "alpha:f beta:f transA:i transB:i"},
    {"Gemm", 11, "T T T? -> T", "alpha:f beta:f transA:i transB:i"},
    {"GlobalAveragePool GlobalMaxPool Softplus Softsign", 1, "T -> T", ""},
    {"GreaterOrEqual LessOrEqual", 12, "T T -> bool", ""},
    {"GroupNormalization", 18, "T T T -> T", "epsilon:f num_groups:i!"},
    {"GroupNormalization", 21, "T T T -> T", "epsilon:f num_groups:i! stash_type:i"},
    {"HardSigmoid", 6, "T -> T", "alpha:f beta:f"},
    {"HardSwish", 14, "T -> T", ""},
    {"Identity", 1, "T -> T", ""},
    {"InstanceNormalization", 6, "T T T -> T", "epsilon:f"},
    {"LayerNormalization", 1, "T T T? -> T @stash_type:float32? @stash_type:float32?", "axis:i epsilon:f stash_type:i"},
    {"LpNormalization", 1, "T -> T", "axis:i p:i"},
    {"MatMul", 1, "T T -> T", ""},
    {"Max Mean Min Sum", 6, "T... -> T", ""},
    {"MaxPool", 1, "T -> T", "auto_pad:s kernel_shape:is! pads:is strides:is"},
    {"MaxPool", 8, "T -> T int64?", "auto_pad:s kernel_shape:is! pads:is storage_order:i strides:is"},
    {"MaxPool", 10, "T -> T int64?", "auto_pad:s ceil_mode:i dilations:is kernel_shape:is! pads:is storage_order:i strides:is"},
    {"Mish", 18, "T -> T", ""},
    {"Mod", 10, "T T -> T", "fmod:i"},
    {"NegativeLogLikelihoodLoss", 12, "T Tind T? -> T", "ignore_index:i reduction:s"},
    {"NonZero", 9, "T -> int64", ""},
    {"Not", 1, "bool -> bool", ""},
    {"OneHot", 9, "T1 T2 T3 -> T3", "axis:i"},
    {"PRelu", 6, "T T -> T", ""},
    {"Pad", 2, "T -> T", "mode:s pads:is! value:f"},
    {"Pad", 11, "T int64 T? -> T", "mode:s"},
    {"Pad", 18, "T int64 T? Tind? -> T", "mode:s"},
    {"Pow", 1, "T T -> T", "axis:i broadcast:i"},
    {"Pow", 7, "T T -> T", ""},
    {"Pow", 12, "T T1 -> T", ""},
    {"RMSNormalization", 23, "T V -> V", "axis:i epsilon:f stash_type:i"},
    {"Range", 11, "T T T -> T", ""},
    {"Range", 27, "T T T -> T", "stash_type:i"},
    {"ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare", 1, "T -> T", "axes:is keepdims:i"},
    {"ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare", 18, "T int64? -> T",
     "keepdims:i noop_with_empty_axes:i"},
    {"ReduceSum", 1, "T -> T", "axes:is keepdims:i"},
    {"ReduceSum", 13, "T int64? -> T", "keepdims:i noop_with_empty_axes:i"},
    {"Reshape", 5, "T int64 -> T", ""},
    {"Reshape", 14, "T int64 -> T", "allowzero:i"},
    {"Round", 11, "T -> T", ""},
    {"Selu", 6, "T -> T", "alpha:f gamma:f"},
    {"Shape", 1, "T -> int64", ""},
    {"Shape", 15, "T -> int64", "end:i start:i"},
    {"SimplifiedLayerNormalization", 1, "T V -> V @stash_type:float32?", "axis:i epsilon:f stash_type:i"},
    {"Size", 1, "T -> int64", ""},
    {"Slice", 1, "T -> T", "axes:is ends:is! starts:is!"},
    {"Slice", 10, "T Tind Tind Tind? Tind? -> T", ""},
    {"SoftmaxCrossEntropyLoss", 12, "T Tind T? -> T T?", "ignore_index:i reduction:s"},
    {"Split", 2, "T -> T...", "axis:i split:is"},
    {"Split", 13, "T int64? -> T...", "axis:i"},
    {"Split", 18, "T int64? -> T...", "axis:i num_outputs:i"},
    {"Squeeze", 1, "T -> T", "axes:is"},
    {"Squeeze", 13, "T int64? -> T", ""},
    {"Swish", 24, "T -> T", "alpha:f"},
    {"ThresholdedRelu", 10, "T -> T", "alpha:f"},
    {"Tile", 6, "T int64 -> T", ""},
    {"TopK", 1, "T -> T int64", "axis:i k:i!"},
    {"TopK", 10, "T int64 -> T int64", "axis:i"},
    {"TopK", 11, "T int64 -> T int64", "axis:i largest:i sorted:i"},
    {"Transpose", 1, "T -> T", "perm:is"},
    {"Trilu", 14, "T int64? -> T", "upper:i"},
    {"Unsqueeze", 1, "T -> T", "axes:is!"},
    {"Unsqueeze", 13, "T int64 -> T", ""},
    {"Where", 9, "bool T T -> T", ""},
    {"ai.onnx.ml.ArrayFeatureExtractor", 1, "T int64 -> T", ""},
    {"ai.onnx.ml.Binarizer", 1, "T -> T", "threshold:f"},
    {"ai.onnx.ml.CastMap", 1, "T1 -> T2", "cast_to:s map_form:s max_map:i"},
    {"ai.onnx.ml.LabelEncoder", 1, "T1 -> T2", "classes_strings:ss default_int64:i default_string:s"},
    {"ai.onnx.ml.LabelEncoder", 2, "T1 -> T2",
     "default_float:f default_int64:i default_string:s keys_floats:fs keys_int64s:is keys_strings:ss values_floats:fs "
     "values_int64s:is values_strings:ss"},
    {"ai.onnx.ml.LabelEncoder", 4, "T1 -> T2",
     "default_float:f default_int64:i default_string:s default_tensor:t keys_floats:fs keys_int64s:is keys_strings:ss "
     "keys_tensor:t values_floats:fs values_int64s:is values_strings:ss values_tensor:t"},
    {"ai.onnx.ml.Scaler", 1, "T -> float32", "offset:fs scale:fs"},
    {"ai.onnx.ml.ZipMap", 1, "float32 -> map", "classlabels_int64s:is classlabels_strings:ss"},
    {"com.microsoft.BiasGelu", 1, "T T -> T", ""},
    {"com.microsoft.FastGelu", 1, "T T? -> T", ""},
    {"com.microsoft.FusedConv", 1, "T T T? T? -> T",
     "activation:s activation_params:fs auto_pad:s dilations:is group:i kernel_shape:is pads:is strides:is"},
    {"com.microsoft.FusedGemm", 1, "T T T? -> T",
     "activation:s activation_alpha:f activation_beta:f activation_gamma:f alpha:f beta:f transA:i transB:i"},
    {"com.microsoft.Gelu", 1, "T -> T", ""},
    {"com.microsoft.QuickGelu", 1, "T -> T", "alpha:f"},
};
// clang-format on

struct Kind {
  const char* sign;
  int kind;
};
constexpr Kind kinds[] = {{"f", AttributeProto::FLOAT},  {"i", AttributeProto::INT},   {"s", AttributeProto::STRING},   {"t", AttributeProto::TENSOR},
                          {"fs", AttributeProto::FLOATS}, {"is", AttributeProto::INTS}, {"ss", AttributeProto::STRINGS}, {"st", AttributeProto::SPARSE_TENSOR}};

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  for (std::string& word : split(text, ' '))
    if (!word.empty()) out.push_back(std::move(word));
  return out;
}

Signature::Operand operand(std::string word) {
  Signature::Operand out;
  if (word.ends_with("...")) word.resize(word.size() - 3), out.repeated = true;
  if (word.ends_with("?")) word.pop_back(), out.optional = true;
  out.type = std::move(word);
  return out;
}

Signature parse(const Row& row) {
  Signature out;
  bool behind = false;
  for (std::string& word : words(row.operands)) {
    if (word == "->")
      behind = true;
    else
      (behind ? out.out : out.in).push_back(operand(std::move(word)));
  }
  for (std::string& word : words(row.attributes)) {
    const bool required = word.ends_with("!");
    if (required) word.pop_back();
    const auto colon = word.find(':');
    for (const Kind& k : kinds)
      if (word.substr(colon + 1) == k.sign) out.attributes[word.substr(0, colon)] = {k.kind, required};
  }
  return out;
}
}  // namespace

std::string table_key(const std::string& domain, const std::string& op) { return domain.empty() ? op : domain + "." + op; }

namespace {
bool names(const Row& row, std::string_view key) {
  const std::string_view all = row.operators;
  for (auto at = all.find(key); at != std::string_view::npos; at = all.find(key, at + 1))
    if ((at == 0 || all[at - 1] == ' ') && (at + key.size() == all.size() || all[at + key.size()] == ' ')) return true;
  return false;
}
}  // namespace

const Signature* signature(const std::string& key, int opset) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, int>, std::optional<Signature>> parsed;
  const std::lock_guard lock(mutex);
  const auto [it, is_new] = parsed.try_emplace({key, opset});
  if (is_new && !key.empty()) {
    const Row* best = nullptr;
    for (const Row& row : rows)
      if (row.since <= opset && (!best || row.since > best->since) && names(row, key)) best = &row;
    if (best) it->second = parse(*best);
  }
  return it->second ? &*it->second : nullptr;
}

const Table<Signature>& signatures() {
  static const Table<Signature> table = [] {
    Table<Signature> t("operator");
    for (const Row& row : rows)
      for (const std::string& name : words(row.operators)) t.add(name, row.since, parse(row));
    return t;
  }();
  return table;
}

}  // namespace lehr::onnx
