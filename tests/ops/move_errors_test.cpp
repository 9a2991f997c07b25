#include <limits>

#include "tests/cases/move_cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

namespace {
struct Bad {
  const char* op;
  int opset;
  Attributes attrs;
  std::vector<OpInput> in;
  const char* part;  // of the message
  std::size_t outputs = 1;
};
OpInput whole(Index values) { return integers({values.begin(), values.end()}); }
const OpInput x = parameter({28, 34});
}  // namespace

TEST_CASE("shapes and axes that do not fit are refused with the numbers", "[ops]") {
  const std::vector<Bad> rows{
      {"Reshape", 14, {}, {x, whole({30, -1})}, "[28,34] has 952 elements, which cannot become [30,-1]"},
      {"Reshape", 14, {}, {x, whole({28, 35})}, "[28,34] has 952 elements, which cannot become [28,35]"},
      {"Reshape", 14, {}, {x, whole({-1, -1})}, "more than one -1"},
      {"Reshape", 14, {}, {x, whole({-2, 476})}, "-2 is no dimension"},
      {"Reshape", 14, {}, {x, whole({28, 34, 0})}, "there is no dimension 2 to copy for the 0"},
      {"Reshape", 14, {{"allowzero", ai(1)}}, {x, whole({0, -1})}, "a 0 and a -1 contradict each other"},
      {"Reshape", 14, {}, {x, whole({4611686018427387904, 4611686018427387904})}, "more than 2^47 elements"},
      {"Reshape", 14, {}, {x, data({2}, {28, 34}, Dtype::i64)}, "input 1 ('in1') must be known before the run"},
      {"Reshape", 14, {}, {x, constant({2}, {28, 34})}, "a float32 tensor where integers are needed"},
      {"Reshape", 14, {}, {x}, "1 inputs given, 2 needed"},
      {"Flatten", 13, {{"axis", ai(3)}}, {x}, "axis 3 is outside a tensor of rank 2"},
      {"Squeeze", 13, {}, {x, whole({0})}, "axis 0 of [28,34] is 28, only a dimension of 1 can be squeezed"},
      {"Squeeze", 11, {{"axes", al({5})}}, {x}, "axis 5 is outside a tensor of rank 2"},
      {"Unsqueeze", 11, {}, {x}, "attribute 'axes' is missing"},
      {"Unsqueeze", 13, {}, {x, whole({1, 1})}, "axis 1 is given twice in axes [1,1]"},
      {"Unsqueeze", 13, {}, {x, whole({-5})}, "axis -5 is outside a tensor of rank 3"},
      {"Transpose", 13, {{"perm", al({0, 0})}}, {x}, "perm [0,0] is no permutation of the 2 axes of [28,34]"},
      {"Transpose", 13, {{"perm", al({1})}}, {x}, "perm [1] is no permutation"},
      {"Transpose", 13, {{"perm", al({})}}, {x}, "perm [] is no permutation"},
      {"Concat", 13, {}, {x, x}, "attribute 'axis' is missing"},
      {"Concat", 13, {{"axis", ai(0)}}, {x, parameter({28, 33})}, "input 1 is [28,33] but input 0 is [28,34]: they may differ only along axis 0"},
      {"Concat", 13, {{"axis", ai(0)}}, {x, parameter({28})}, "input 1 is [28] but input 0 is [28,34]"},
      {"Concat", 13, {{"axis", ai(0)}}, {x, whole({1})}, "inputs 0 and 1 must have one type but are float32 and int64"},
      {"Concat", 13, {{"axis", ai(2)}}, {x, x}, "axis 2 is outside a tensor of rank 2"},
      {"Split", 13, {{"axis", ai(1)}}, {x, whole({10, 10})}, "split [10,10] sums to 20 but axis 1 of [28,34] is 34", 2},
      {"Split", 13, {{"axis", ai(1)}}, {x, whole({40, -6})}, "split [40,-6] does not divide axis 1 of [28,34]", 2},
      {"Split", 13, {{"axis", ai(1)}}, {x, whole({30, 4})}, "makes 2 parts for 3 outputs", 3},
      {"Split", 13, {{"axis", ai(1)}}, {x}, "axis 1 of [28,34] cannot be split into 3 equal parts", 3},
      {"Split", 18, {{"axis", ai(1)}, {"num_outputs", ai(5)}}, {x}, "num_outputs is 5 but the node has 2 outputs", 2},
      {"Split", 18, {{"num_outputs", ai(2)}}, {x, whole({20, 8})}, "exclude each other", 2},
      {"Tile", 13, {}, {x, whole({2})}, "repeats [2] has 1 entries for a tensor of rank 2"},
      {"Tile", 13, {}, {x, whole({-1, 1})}, "repeats [-1,1] has a negative entry"},
      {"Tile", 13, {}, {x, whole({4611686018427387904, 2})}, "too many elements"},
      {"Pad", 13, {{"mode", std::string("reflect")}}, {x, whole({0, 0, 1, 1})}, "mode 'reflect' is not supported, only 'constant' is"},
      {"Pad", 13, {}, {x, whole({0, 1})}, "pads [0,1] has 2 entries, 4 are needed"},
      {"Pad", 13, {}, {x, whole({-20, 0, -9, 0})}, "pads [-20,0,-9,0] leave no valid size of axis 0 of [28,34]"},
      {"Pad", 13, {}, {x, whole({0, 9223372036854775807, 0, 1})}, "leave no valid size of axis 1"},
      {"Pad", 13, {}, {x, whole({0, 0, 0, 0}), data({})}, "input 2 ('in2') must be known before the run"},
      {"Slice", 13, {}, {x, whole({0}), whole({1}), whole({0}), whole({0})}, "step 0 of a slice"},
      {"Slice", 13, {}, {x, whole({0, 1}), whole({1})}, "of different lengths"},
      {"Slice", 13, {}, {x, whole({0, 0}), whole({1, 1}), whole({1, -1})}, "axis 1 is given twice"},
      {"Slice", 13, {}, {x, whole({0}), whole({1}), whole({2})}, "axis 2 is outside a tensor of rank 2"},
      {"Trilu", 14, {}, {parameter({4})}, "[4] holds no matrices"},
      {"Expand", 13, {}, {x, whole({28, 35})}, "34 and 35 differ"},
      {"Expand", 13, {}, {x, whole({-1, 34})}, "negative dimension -1"},
      {"Gather", 13, {}, {x, constant({2}, {3, 28}, Dtype::i64)}, "index 28 is outside [-28,28) of [28,34]"},
      {"Gather", 13, {{"axis", ai(1)}}, {x, constant({}, {-35}, Dtype::i64)}, "index -35 is outside [-34,34) of [28,34]"},
      {"Gather", 13, {}, {x, data({2})}, "input 1 ('in1') is float32, an integer type is needed"},
      {"GatherElements", 13, {}, {x, whole({1})}, "data [28,34] and indices [1] are of different rank"},
      {"GatherElements", 13, {}, {x, constant({1, 35}, counted(35, 0), Dtype::i64)}, "indices [1,35] reach beyond data [28,34] along axis 1"},
      {"GatherND", 13, {}, {x, constant({1, 3}, {0, 0, 0}, Dtype::i64)}, "indices [1,3] address 3 axes of data [28,34]"},
      {"GatherND", 13, {}, {x, constant({1, 2}, {0, 34}, Dtype::i64)}, "index 34 is outside [-34,34)"},
      {"GatherND", 13, {{"batch_dims", ai(1)}}, {x, constant({3, 1}, {0, 0, 0}, Dtype::i64)}, "do not share 1 batch dimensions"},
      {"Where", 16, {}, {data({28, 34}), x, x}, "input 0 ('in0') is float32, bool is needed"},
      {"Where", 16, {}, {data({3}, {1, 0, 1}, Dtype::boolean), x, x}, "do not broadcast"},
      {"TopK", 11, {}, {x, integers({35})}, "k is 35 but axis 1 of [28,34] has 34 elements", 2},
      {"ArgMax", 13, {{"axis", ai(2)}}, {x}, "axis 2 is outside a tensor of rank 2"},
      {"ArgMax", 13, {}, {data({0, 2})}, "axis 0 of [0,2] is empty"},
      {"OneHot", 11, {}, {whole({1}), constant({}, {-2}), constant({2}, {0, 1})}, "depth -2 is no size of an axis"},
      {"OneHot", 11, {}, {whole({1}), whole({3}), constant({3}, {0, 1, 2})}, "values [3] must have 1 and 2 elements"},
      {"Cast", 13, {{"to", ai(8)}}, {x}, "a cast to string is not supported"},
      {"Cast", 13, {{"to", ai(14)}}, {x}, "a cast to data type number 14 is not supported"},
      {"Cast", 13, {}, {x}, "attribute 'to' is missing"},
      {"Cast", 13, {{"to", ai(7)}}, {constant({}, {1e30})}, "value 1e+30 does not fit into int64"},
      {"Range", 11, {}, {constant({}, {0}, Dtype::i64), constant({}, {9}, Dtype::i64), constant({}, {0}, Dtype::i64)}, "a range from 0 to 9 in steps of 0"},
      {"Range",
       11,
       {},
       {constant({}, {0}, Dtype::i64), constant({}, {1e15}, Dtype::i64), constant({}, {1}, Dtype::i64)},
       "has no number of elements up to 1048576"},
      {"ConstantOfShape", 9, {}, {whole({1 << 24, 1 << 24})}, "more than 2^47 elements"},
      {"ConstantOfShape", 9, {}, {whole({3, -1})}, "negative dimension -1"},
      {"EyeLike", 9, {}, {data({2})}, "[2] is no matrix"},
      {"NonZero", 13, {}, {x}, "the size of the result depends on it"},
      {"CumSum", 14, {}, {x, constant({}, {2}, Dtype::i64)}, "axis 2 is outside a tensor of rank 2"},
      {"CumSum", 14, {}, {x, data({}, {0}, Dtype::i64)}, "must be known before the run"},
      {"DequantizeLinear", 13, {}, {x, constant({3}, {1, 2, 3})}, "scale is [3] but axis 1 of [28,34] is 34"},
      {"DequantizeLinear", 21, {{"block_size", ai(8)}}, {x, constant({28, 4}, counted(112))}, "blocks of 8 along axis 1 of [28,34] need [28,5]"},
      {"ai.onnx.ml.Scaler", 1, {{"offset", std::vector<float>{1, 2, 3}}}, {x}, "offset has 3 and scale 1 entries, the input [28,34] has 34 features"},
      {"Einsum", 12, {{"equation", std::string("ij,jk->ik")}}, {x, parameter({33, 2})}, "gives one label the sizes 34 and 33"},
      {"Einsum", 12, {{"equation", std::string("ijk->ik")}}, {x}, "term 'ijk' of equation 'ijk->ik' does not fit input 0 [28,34]"},
      {"Einsum", 12, {{"equation", std::string("ij->ik")}}, {x}, "has a label that is in no input"},
      {"Einsum", 12, {{"equation", std::string("ij,jk->ik")}}, {x}, "has 2 terms for 1 inputs"},
      {"Einsum", 12, {{"equation", std::string("i1->i")}}, {x}, "holds '1', only letters"},
      {"Einsum", 12, {{"equation", std::string("i.j->i")}}, {x}, "holds '.', only letters"},
      {"Einsum", 12, {{"equation", std::string("ij,jk,kl->il")}}, {x, x, x}, "Einsum with 3 inputs is not supported"},
  };
  for (const Bad& bad : rows) {
    OpCase c = row(bad.op, bad.opset, "", bad.attrs, bad.in, {});
    c.outputs.assign(bad.outputs, Dtype::f32);
    c.graded = 0;
    const std::string text = op_error(c);
    INFO(bad.op << " " << bad.opset << ": " << bad.part << "\n  said: " << text);
    CHECK(text.find(bad.part) != std::string::npos);
    CHECK(text.find("in " + (bad.op == std::string("ai.onnx.ml.Scaler") ? std::string("Scaler") : std::string(bad.op)) + " node of 'out0'") !=
          std::string::npos);
  }
}
