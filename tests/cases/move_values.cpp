#include <cmath>

#include "tests/cases/move_cases.h"

namespace lehr::cases {

namespace {

Attribute scalar(double value, Dtype dtype) { return std::make_shared<const Tensor>(convert(Tensor({1}, std::vector{static_cast<float>(value)}), dtype)); }

Reference fixed(Shape shape, std::vector<double> values) {
  return [=](const Arrays&) { return Arrays{{shape, values}}; };
}

const Reference same = map([](double x) { return x; });

OpCase cast(int opset, std::string variant, std::int64_t to, OpInput in, Dtype out, std::function<double(double)> f) {
  return ungraded(row("Cast", opset, std::move(variant), {{"to", ai(to)}}, {std::move(in)}, map(std::move(f))), {out});
}

Reference running(std::size_t axis, bool exclusive, bool reverse) {
  return [=](const Arrays& in) {
    return Arrays{each(in[0].shape, [&](Index i) {
      const std::int64_t here = i[axis], size = in[0].shape[axis];
      double sum = 0;
      for (std::int64_t k = 0; k < size; ++k) {
        i[axis] = k;
        if ((reverse ? k > here : k < here) || (k == here && !exclusive)) sum += at(in[0], i);
      }
      return sum;
    })};
  };
}

// (x - zero) * scale with the coefficients at the places `where` gives.
Reference dequantized(std::function<Index(const Index&)> where) {
  return [where](const Arrays& in) {
    return Arrays{each(in[0].shape, [&](const Index& i) {
      const Index c = where(i);
      return (at(in[0], i) - (in.size() > 2 ? at(in[2], c) : 0)) * at(in[1], c);
    })};
  };
}

// An equation of letters alone, by brute force over all labels.
Reference contracted(const std::string& equation) {
  return [equation](const Arrays& in) {
    const auto arrow = equation.find("->");
    const auto terms = split(equation.substr(0, arrow), ',');
    const std::string out = equation.substr(arrow + 2);
    std::string all;
    Shape sizes;
    for (std::size_t t = 0; t < terms.size(); ++t)
      for (std::size_t d = 0; d < terms[t].size(); ++d)
        if (all.find(terms[t][d]) == std::string::npos) {
          all += terms[t][d];
          sizes.push_back(in[t].shape[d]);
        }
    const auto steps = [&](const std::string& term, const Shape& shape) {
      const Shape own = strides(shape);
      Shape result(all.size(), 0);
      for (std::size_t d = 0; d < term.size(); ++d) result[all.find(term[d])] += own[d];
      return result;
    };
    Shape shape;
    for (const char l : out) shape.push_back(sizes[all.find(l)]);
    Array y = filled(shape);
    const Shape to = steps(out, shape), first = steps(terms[0], in[0].shape), second = terms.size() > 1 ? steps(terms[1], in[1].shape) : Shape(all.size(), 0);
    const auto walk = [&](const auto& self, std::size_t d, std::int64_t o, std::int64_t a, std::int64_t b) -> void {
      for (std::int64_t k = 0; k < sizes[d]; ++k, o += to[d], a += first[d], b += second[d]) {
        if (d + 1 < all.size())
          self(self, d + 1, o, a, b);
        else
          y.values[static_cast<std::size_t>(o)] +=
              in[0].values[static_cast<std::size_t>(a)] * (terms.size() > 1 ? in[1].values[static_cast<std::size_t>(b)] : 1.0);
      }
    };
    walk(walk, 0, 0, 0, 0);
    return Arrays{y};
  };
}

OpCase einsum(const std::string& equation, std::vector<Shape> shapes, const std::string& reference = "") {
  std::vector<OpInput> in;
  for (Shape& shape : shapes) in.push_back(parameter(shape));
  return row("Einsum", 12, equation, {{"equation", equation}}, std::move(in), contracted(reference.empty() ? equation : reference));
}

}  // namespace

std::vector<OpCase> cast_cases() {
  const auto f = data({4}, {-2.7, 0, 0.5, 300.2});
  const auto i = data({4}, {-2, 0, 300, 70000}, Dtype::i64);
  const auto b = data({3}, {1, 0, 1}, Dtype::boolean);
  return {
      row("Cast", 6, "float to float", {{"to", ai(1)}}, {parameter({2, 3})}, same),
      row("Cast", 9, "float to double", {{"to", ai(11)}}, {parameter({2, 3})}, same),
      row("Cast", 13, "float to half", {{"to", ai(10)}}, {parameter({2, 3})}, same),
      row("Cast", 19, "float to bfloat16", {{"to", ai(16)}, {"saturate", ai(1)}}, {parameter({2, 3})}, same),
      cast(13, "float to int64", 7, f, Dtype::i64, [](double x) { return std::trunc(x); }),
      cast(13, "float to int32", 6, f, Dtype::i64, [](double x) { return std::trunc(x); }),
      cast(13, "float to bool", 9, f, Dtype::boolean, [](double x) { return x != 0; }),
      cast(13, "int to float", 1, i, Dtype::f32, [](double x) { return x; }),
      cast(13, "int64 to int64", 7, i, Dtype::i64, [](double x) { return x; }),
      cast(13, "int to int32", 6, i, Dtype::i64, [](double x) { return x; }),
      cast(13, "int to int8 wraps", 3, i, Dtype::i64, [](double x) { return x == 300     ? 44.0
                                                                            : x == 70000 ? 112.0
                                                                                         : x; }),
      cast(13, "int to uint8 wraps", 2, i, Dtype::i64, [](double x) { return x < 0        ? 254.0
                                                                             : x == 300   ? 44.0
                                                                             : x == 70000 ? 112.0
                                                                                          : x; }),
      cast(13, "int to bool", 9, i, Dtype::boolean, [](double x) { return x != 0; }),
      cast(13, "bool to float", 1, b, Dtype::f32, [](double x) { return x; }),
      cast(13, "bool to int", 7, b, Dtype::i64, [](double x) { return x; }),
      cast(13, "bool to bool", 9, b, Dtype::boolean, [](double x) { return x; }),
      row("CastLike", 15, "float", {}, {parameter({2, 2}), constant({}, {0})}, [](const Arrays& in) { return Arrays{in[0]}; }),
      ungraded(row("CastLike", 19, "to the integers of a run-time tensor", {}, {f, i},
                   [](const Arrays& in) { return map([](double x) { return std::trunc(x); })({in[0]}); })),
  };
}

std::vector<OpCase> shape_math_cases() {
  const auto x = data({2, 3, 4});
  return {
      ungraded(row("Shape", 1, "", {}, {x}, fixed({3}, {2, 3, 4}))),
      ungraded(row("Shape", 15, "start", {{"start", ai(1)}}, {x}, fixed({2}, {3, 4}))),
      ungraded(row("Shape", 15, "start and end", {{"start", ai(-2)}, {"end", ai(-1)}}, {x}, fixed({1}, {3}))),
      ungraded(row("Shape", 19, "clamped", {{"start", ai(-9)}, {"end", ai(9)}}, {x}, fixed({3}, {2, 3, 4}))),
      ungraded(row("Shape", 15, "nothing", {{"start", ai(2)}, {"end", ai(1)}}, {x}, fixed({0}, {}))),
      ungraded(row("Shape", 13, "of a scalar", {}, {data({})}, fixed({0}, {}))),
      ungraded(row("Size", 13, "", {}, {x}, fixed({}, {24}))),
      ungraded(
          row("Range", 11, "up", {}, {constant({}, {1}, Dtype::i64), constant({}, {8}, Dtype::i64), constant({}, {3}, Dtype::i64)}, fixed({3}, {1, 4, 7}))),
      ungraded(
          row("Range", 11, "down", {}, {constant({}, {3}, Dtype::i64), constant({}, {-1}, Dtype::i64), constant({}, {-2}, Dtype::i64)}, fixed({2}, {3, 1}))),
      ungraded(row("Range", 11, "none", {}, {constant({}, {3}, Dtype::i64), constant({}, {1}, Dtype::i64), constant({}, {1}, Dtype::i64)}, fixed({0}, {}))),
      ungraded(row("Range", 11, "floats", {}, {constant({}, {0.5}), constant({}, {2}), constant({}, {0.5})}, fixed({3}, {0.5, 1, 1.5})), {Dtype::f32}),
      ungraded(row("ConstantOfShape", 9, "zeros", {}, {integers({2, 2})}, fixed({2, 2}, {0, 0, 0, 0})), {Dtype::f32}),
      ungraded(row("ConstantOfShape", 20, "float", {{"value", scalar(1.5, Dtype::f32)}}, {integers({3})}, fixed({3}, {1.5, 1.5, 1.5})), {Dtype::f32}),
      ungraded(row("ConstantOfShape", 9, "int32", {{"value", scalar(-1, Dtype::i32)}}, {integers({2})}, fixed({2}, {-1, -1}))),
      ungraded(row("ConstantOfShape", 9, "scalar", {{"value", scalar(1, Dtype::boolean)}}, {constant({0}, {}, Dtype::i64)}, fixed({}, {1})), {Dtype::boolean}),
      ungraded(row("ConstantOfShape", 9, "larger than what is folded", {{"value", scalar(2, Dtype::f32)}}, {integers({1025, 1024})},
                   fixed({1025, 1024}, std::vector<double>(1025 * 1024, 2))),
               {Dtype::f32}),
      ungraded(row("EyeLike", 9, "", {}, {data({2, 3})}, fixed({2, 3}, {1, 0, 0, 0, 1, 0})), {Dtype::f32}),
      ungraded(row("EyeLike", 9, "k, integers", {{"k", ai(-1)}, {"dtype", ai(6)}}, {data({3, 2})}, fixed({3, 2}, {0, 0, 1, 0, 0, 1}))),
      ungraded(row("NonZero", 9, "", {}, {constant({2, 3}, {0, 5, 0, 1, 0, -2})}, fixed({2, 3}, {0, 1, 1, 1, 0, 2}))),
      ungraded(row("NonZero", 13, "booleans", {}, {constant({3}, {1, 0, 1}, Dtype::boolean)}, fixed({1, 2}, {0, 2}))),
  };
}

std::vector<OpCase> cumsum_cases() {
  const auto axis = [](double a) { return constant({}, {a}, Dtype::i64); };
  const auto x = parameter({2, 5, 3});
  return {
      row("CumSum", 11, "", {}, {x, axis(1)}, running(1, false, false)),
      row("CumSum", 14, "exclusive", {{"exclusive", ai(1)}}, {x, axis(-1)}, running(2, true, false)),
      row("CumSum", 14, "reverse", {{"reverse", ai(1)}}, {x, integers({0})}, running(0, false, true)),
      row("CumSum", 14, "both", {{"exclusive", ai(1)}, {"reverse", ai(1)}}, {x, axis(1)}, running(1, true, true)),
      ungraded(row("CumSum", 14, "integers", {}, {data({4}, counted(4), Dtype::i64), axis(0)}, running(0, false, false))),
  };
}

std::vector<OpCase> affine_cases() {
  const auto first = [](const Index&) { return Index{}; };
  const auto values = [](std::int64_t n) { return counted(n, -4); };
  const std::vector<double> scale{0.5, 0.25, 2}, zero{1, -2, 3};
  const auto q = [&](OpInput x, OpInput s) { return std::vector<OpInput>{std::move(x), std::move(s)}; };
  const auto scaled = [](std::vector<double> offset, std::vector<double> by) -> Reference {
    return [=](const Arrays& in) {
      return Arrays{each(in[0].shape, [&](const Index& i) {
        const auto k = static_cast<std::size_t>(i.back());
        return (at(in[0], i) - offset[offset.size() == 1 ? 0 : k]) * by[by.size() == 1 ? 0 : k];
      })};
    };
  };
  std::vector<OpCase> rows{
      ungraded(row("DequantizeLinear", 10, "one scale", {}, q(data({2, 3}, values(6), Dtype::i64), constant({}, {0.5})), dequantized(first)), {Dtype::f32}),
      ungraded(row("DequantizeLinear", 13, "zero point", {}, {constant({2, 3}, values(6), Dtype::i64), constant({}, {0.5}), constant({}, {-3}, Dtype::i64)},
                   dequantized(first)),
               {Dtype::f32}),
      ungraded(row("DequantizeLinear", 13, "per axis", {}, {data({2, 3, 2}, values(12), Dtype::i64), constant({3}, scale), constant({3}, zero, Dtype::i64)},
                   dequantized([](const Index& i) { return Index{i[1]}; })),
               {Dtype::f32}),
      ungraded(row("DequantizeLinear", 19, "axis 0", {{"axis", ai(-2)}},
                   {data({3, 2}, values(6), Dtype::i64), constant({3}, scale), constant({3}, zero, Dtype::i64)},
                   dequantized([](const Index& i) { return Index{i[0]}; })),
               {Dtype::f32}),
      ungraded(row("DequantizeLinear", 21, "blocks", {{"axis", ai(1)}, {"block_size", ai(2)}},
                   {data({2, 5, 2}, values(20), Dtype::i64), constant({2, 3, 2}, counted(12)), constant({2, 3, 2}, counted(12, -3), Dtype::i64)},
                   dequantized([](const Index& i) {
                     return Index{i[0], i[1] / 2, i[2]};
                   })),
               {Dtype::f32}),
      row("ai.onnx.ml.Scaler", 1, "each feature", {{"offset", std::vector<float>{1, -2, 3}}, {"scale", std::vector<float>{0.5f, 0.25f, 2}}},
          {parameter({4, 3})}, scaled(zero, scale)),
      row("ai.onnx.ml.Scaler", 1, "one offset", {{"offset", std::vector<float>{1}}, {"scale", std::vector<float>{0.5f, 0.25f, 2}}}, {parameter({4, 3})},
          scaled({1}, scale)),
      row("ai.onnx.ml.Scaler", 1, "only a scale", {{"scale", std::vector<float>{3}}}, {parameter({4, 3})}, scaled({0}, {3})),
      ungraded(row("ai.onnx.ml.Scaler", 1, "integers", {{"offset", std::vector<float>{1}}, {"scale", std::vector<float>{0.5f}}},
                   {data({2, 2}, values(4), Dtype::i64)}, scaled({1}, {0.5})),
               {Dtype::f32}),
  };
  return rows;
}

std::vector<OpCase> einsum_cases() {
  return {
      einsum("ij,jk->ik", {{3, 4}, {4, 5}}),
      einsum("ij,kj->ik", {{3, 4}, {5, 4}}),
      einsum("ij,jk->ki", {{3, 4}, {4, 5}}),
      einsum("ij,jk", {{3, 4}, {4, 5}}, "ij,jk->ik"),
      einsum(" b i j , b j k -> b i k ", {{2, 3, 4}, {2, 4, 2}}, "bij,bjk->bik"),
      einsum("bij,jk->bik", {{2, 3, 4}, {4, 2}}),
      einsum("...ij,jk->...ik", {{2, 3, 4}, {4, 2}}, "bij,jk->bik"),
      einsum("...ij,...jk", {{2, 3, 4}, {2, 4, 2}}, "bij,bjk->bik"),
      einsum("bhqd,bhkd->bhqk", {{2, 2, 3, 4}, {2, 2, 5, 4}}),
      einsum("i,j->ij", {{3}, {4}}),
      einsum("i,i->", {{6}, {6}}),
      einsum("ij,ij->i", {{3, 4}, {3, 4}}),
      einsum("ij,ij->ij", {{3, 4}, {3, 4}}),
      einsum("ab,b->", {{3, 4}, {4}}),
      einsum("ij,k->ik", {{3, 4}, {2}}),
      einsum("ij->ji", {{3, 4}}),
      einsum("ij->j", {{3, 4}}),
      einsum("ij->", {{3, 4}}),
      einsum("ii->i", {{4, 4}}),
      einsum("ii", {{4, 4}}, "ii->"),
      einsum("ii,ij->j", {{3, 3}, {3, 2}}),
      // large enough for the primitive, in each orientation
      einsum("ij,jk->ik", {{16, 32}, {32, 33}}),
      einsum("ij,kj->ik", {{16, 32}, {33, 32}}),
      einsum("ij,jk->ki", {{16, 32}, {32, 33}}),
      einsum("ji,jk->ik", {{32, 16}, {32, 33}}),
      einsum("bij,bjk->bik", {{2, 16, 17}, {2, 17, 32}}),
      einsum("bhqd,bhkd->bhqk", {{2, 2, 8, 17}, {2, 2, 32, 17}}),
      einsum("abc,cd->abd", {{4, 5, 30}, {30, 30}}),
      einsum("abc,bcd->ad", {{8, 6, 9}, {6, 9, 40}}),
      row("Einsum", 12, "ij,j->i, one factor is data", {{"equation", std::string("ij,j->i")}}, {data({130, 128}), parameter({128})}, contracted("ij,j->i")),
      einsum("bqhd,bkhd->bhqk", {{2, 8, 2, 17}, {2, 32, 2, 17}}),
      einsum("iaj,jbk->abik", {{5, 4, 10}, {10, 4, 21}}),
  };
}

}  // namespace lehr::cases
