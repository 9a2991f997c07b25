#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/traits/batch.h"
#include "graph/traits/extent.h"

namespace lehr {

// What an operator takes an input for.
enum class Purpose {
  data,       // activations; a stored tensor here is judged by its place, its values and its name
  weight,     // multiplied with: the matrix of a product, the filter of a convolution, a table that is looked up
  scale,      // multiplies a whole feature
  offset,     // added to a whole feature
  statistic,  // running mean and variance: followed in training, no gradient
  choice,     // a branch of a selection, the value something is filled with
  setting,    // shapes, axes, bounds, ratios: no gradient
  index       // indices, labels, conditions: no gradient
};
struct InputTrait {
  Purpose purpose = Purpose::data;
  const char* word = nullptr;  // how the table of parameters calls it
};

// What an elementwise or probability operator computes, for patterns of several nodes.
enum class Does { other, add, subtract, multiply, divide, power, root, reciprocal, logarithm, exponential, identity, cast };

// The element type of output 0.
enum class Result { as_first, as_second, boolean, integer, float32, by_cast, unknown };

// Where the fans of a weight lie, for initializers.
enum class FanRule { none, rows_columns, filter };

using FactsOf = std::function<const Facts&(std::size_t slot)>;  // of inputs; those left out have no facts
using ShapeRule = MaybeExtents (*)(const Node&, const FactsOf&);
using ContentsRule = MaybeExtents (*)(const Node&, const FactsOf&);
// Floating-point operations of one forward call. in(slot): a shape, empty where left out; out: that of output 0.
using FlopRule = double (*)(const Node&, const std::function<const Shape&(std::size_t slot)>& in, const Shape& out);

// All that passes, initializers, groups and estimates may know of an operator. What it computes engine/ops knows.
struct Traits {
  std::string_view name;      // "Gemm", "com.microsoft.FusedGemm", "lehr.Huber"
  std::vector<InputTrait> in;       // the last one stands for all further inputs
  ShapeRule shape = nullptr;  // of output 0; null: not known
  BatchRule batch = nullptr;  // how the rows of a batch pass; null: they may meet
  Result result = Result::as_first;
  Does does = Does::other;
  bool flat = false;          // results do not follow a small change of any input, or not smoothly
  bool carries = false;       // hands the values of its first input on (Concat: of all), only arranged differently
  bool product = false;       // a layer: multiplies its input with a weight
  bool normalises = false;    // by statistics; scale and shift are made up by some exporters
  int label = -1;             // turns the scores in this slot into labels, names or maps for the caller; -1: does not
  bool affine = false;        // may stand between an input and the network: shifts, scales, clips, takes logarithms, picks columns
  bool drops_out = false;     // leaves out values at random while training
  bool transposes = false;    // exchanges the axes of a matrix
  bool looks_up = false;      // picks rows of its first input by indices: what is not picked has no gradient
  bool dequantizes = false;   // gives the values that integers stand for
  bool elementwise = false;   // each element of the result is that of one element a broadcast input: blind to layouts
  FanRule fans = FanRule::none;     // of its weights
  ContentsRule contents = nullptr;  // integers of a short vector computed from shapes
  FlopRule flops = nullptr;   // null: one a element of the result

  InputTrait slot(std::size_t i) const { return in.empty() ? InputTrait{} : i < in.size() ? in[i] : in.back(); }
};

// The row of a node's operator, by domain and name; a row without knowledge where there is none.
const Traits& traits(const Node& node);
// All rows, for tests and listings, in order of name.
const std::vector<Traits>& all_traits();
bool has_traits(std::string_view name);

// Can a gradient pass from the outputs into this input, and through this operator at all?
bool has_gradient(const Node& node, std::size_t slot);
bool has_gradient(const Node& node);
bool carries(const Node& node, std::size_t slot);
// Of a Cast: is its result of a float type, all of which are f32 inside a plan?
bool casts_to_float(const Node& node);
// "weight", "bias", "scale", "embedding table" … where the operator itself says that this input is learned; null elsewhere.
const char* weight_word(const Node& node, std::size_t slot);
double flops(const Node& node, const std::function<const Shape&(std::size_t slot)>& in, const Shape& out);

// Which axes of a weight in this slot count the inputs and the outputs of the layer.
struct FanAxes {
  std::size_t in = 0, out = 1;
};
std::optional<FanAxes> fan_axes(const Node& node, std::size_t slot, std::size_t rank);

}  // namespace lehr
