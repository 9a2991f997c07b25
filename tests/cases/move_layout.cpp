#include <algorithm>
#include <limits>

#include "tests/cases/move_cases.h"

namespace lehr::cases {

OpCase row(std::string op, int opset, std::string variant, Attributes attrs, std::vector<OpInput> in, Reference reference) {
  OpCase c;
  if (const auto dot = op.rfind('.'); dot != std::string::npos) c.domain = op.substr(0, dot), op = op.substr(dot + 1);
  c.op = std::move(op);
  c.opset = opset;
  c.variant = std::move(variant);
  c.attrs = std::move(attrs);
  c.in = std::move(in);
  c.reference = std::move(reference);
  return c;
}

OpCase ungraded(OpCase c, std::vector<Dtype> outputs) {
  c.outputs = std::move(outputs);
  c.graded = 0;
  return c;
}

Array each(const Shape& shape, const std::function<double(const Index&)>& f) {
  Array out = filled(shape);
  Index index(shape.size(), 0);
  for (double& value : out.values) {
    value = f(index);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

double at(const Array& a, const Index& index) {
  const Shape steps = strides(a.shape);
  std::int64_t flat = 0;
  for (std::size_t d = 0; d < index.size(); ++d) flat += index[d] * steps[d];
  return a.values.at(static_cast<std::size_t>(flat));
}

std::vector<double> counted(std::int64_t n, double first) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(first + static_cast<double>(i));
  return out;
}

namespace {

constexpr auto largest = std::numeric_limits<std::int64_t>::max();

Reference as(Shape shape) {
  return [shape](const Arrays& in) { return Arrays{{shape, in.at(0).values}}; };
}

OpInput whole(Index values) { return integers({values.begin(), values.end()}); }

Reference permuted(Index perm) {
  return [perm](const Arrays& in) {
    Shape shape;
    for (const std::int64_t axis : perm) shape.push_back(in[0].shape[static_cast<std::size_t>(axis)]);
    return Arrays{each(shape, [&](const Index& i) {
      Index source(i.size());
      for (std::size_t k = 0; k < i.size(); ++k) source[static_cast<std::size_t>(perm[k])] = i[k];
      return at(in[0], source);
    })};
  };
}

// Block [first, first + step, …) of one axis.
Array block(const Array& a, std::size_t axis, std::int64_t first, std::int64_t count, std::int64_t step = 1) {
  Shape shape = a.shape;
  shape[axis] = count;
  return each(shape, [&](Index i) {
    i[axis] = first + step * i[axis];
    return at(a, i);
  });
}

Reference joined(std::size_t axis) {
  return [axis](const Arrays& in) {
    Shape shape = in[0].shape;
    shape[axis] = 0;
    for (const Array& a : in) shape[axis] += a.shape[axis];
    return Arrays{each(shape, [&](Index i) {
      std::size_t k = 0;
      while (i[axis] >= in[k].shape[axis]) i[axis] -= in[k++].shape[axis];
      return at(in[k], i);
    })};
  };
}

Reference parts(std::size_t axis, Index sizes) {
  return [axis, sizes](const Arrays& in) {
    Arrays out;
    std::int64_t first = 0;
    for (const std::int64_t size : sizes) {
      out.push_back(block(in[0], axis, first, size));
      first += size;
    }
    return out;
  };
}

OpCase split(int opset, std::string variant, Attributes attrs, std::vector<OpInput> in, std::size_t axis, Index sizes, std::size_t graded) {
  OpCase c = row("Split", opset, std::move(variant), std::move(attrs), std::move(in), parts(axis, sizes));
  c.outputs.assign(sizes.size(), Dtype::f32);
  c.graded = graded;
  return c;
}

Reference tiled(Index repeats) {
  return [repeats](const Arrays& in) {
    Shape shape = in[0].shape;
    for (std::size_t d = 0; d < shape.size(); ++d) shape[d] *= repeats[d];
    return Arrays{each(shape, [&](Index i) {
      for (std::size_t d = 0; d < i.size(); ++d) i[d] %= in[0].shape[d];
      return at(in[0], i);
    })};
  };
}

Reference padded(Index before, Index behind, double value) {
  return [=](const Arrays& in) {
    Shape shape = in[0].shape;
    for (std::size_t d = 0; d < shape.size(); ++d) shape[d] += before[d] + behind[d];
    return Arrays{each(shape, [&](Index i) {
      for (std::size_t d = 0; d < i.size(); ++d) {
        i[d] -= before[d];
        if (i[d] < 0 || i[d] >= in[0].shape[d]) return value;
      }
      return at(in[0], i);
    })};
  };
}

Reference sliced(std::size_t axis, std::int64_t first, std::int64_t count, std::int64_t step = 1) {
  return [=](const Arrays& in) { return Arrays{block(in[0], axis, first, count, step)}; };
}

Reference triangle(bool upper, std::int64_t k) {
  return [=](const Arrays& in) {
    return Arrays{each(in[0].shape, [&](const Index& i) {
      const std::int64_t r = i[i.size() - 2], c = i.back();
      return (upper ? c >= r + k : c <= r + k) ? at(in[0], i) : 0.0;
    })};
  };
}

}  // namespace

std::vector<OpCase> reshape_cases() {
  const auto x = parameter({2, 1, 3, 4});
  return {
      row("Identity", 1, "", {}, {x}, as({2, 1, 3, 4})),
      row("Identity", 13, "a scalar", {}, {parameter({})}, as({})),
      ungraded(row("Identity", 14, "integers", {}, {data({3}, {4, -5, 6}, Dtype::i64)}, as({3}))),
      ungraded(row("Identity", 16, "booleans", {}, {data({3}, {1, 0, 1}, Dtype::boolean)}, as({3})), {Dtype::boolean}),
      row("Flatten", 1, "", {}, {x}, as({2, 12})),
      row("Flatten", 9, "axis 0", {{"axis", ai(0)}}, {x}, as({1, 24})),
      row("Flatten", 13, "axis -1", {{"axis", ai(-1)}}, {x}, as({6, 4})),
      row("Flatten", 21, "axis = rank", {{"axis", ai(4)}}, {x}, as({24, 1})),
      row("Flatten", 13, "a vector", {{"axis", ai(0)}}, {parameter({5})}, as({1, 5})),
      row("Reshape", 5, "0 copies", {}, {x, whole({0, 0, 12})}, as({2, 1, 12})),
      row("Reshape", 13, "-1", {}, {x, whole({3, -1})}, as({3, 8})),
      row("Reshape", 14, "0 and -1", {}, {x, whole({0, -1})}, as({2, 12})),
      row("Reshape", 14, "to a vector", {}, {x, whole({-1})}, as({24})),
      row("Reshape", 19, "allowzero", {{"allowzero", ai(1)}}, {x, whole({4, 6})}, as({4, 6})),
      row("Reshape", 21, "to a scalar", {}, {parameter({1, 1}), constant({0}, {}, Dtype::i64)}, as({})),
      ungraded(row("Reshape", 14, "empty with allowzero", {{"allowzero", ai(1)}}, {data({0, 3}), whole({3, 0})}, as({3, 0})), {Dtype::f32}),
      ungraded(row("Reshape", 14, "empty with -1", {}, {data({0, 3}), whole({3, -1})}, as({3, 0})), {Dtype::f32}),
      ungraded(row("Reshape", 14, "integers", {}, {data({4}, {1, 2, 3, 4}, Dtype::i64), whole({2, 2})}, as({2, 2}))),
      row("Squeeze", 1, "axes", {{"axes", al({1})}}, {x}, as({2, 3, 4})),
      row("Squeeze", 11, "every 1", {}, {parameter({1, 3, 1, 2})}, as({3, 2})),
      row("Squeeze", 11, "negative", {{"axes", al({-1, 0})}}, {parameter({1, 3, 1})}, as({3})),
      row("Squeeze", 13, "input", {}, {x, whole({-3})}, as({2, 3, 4})),
      row("Squeeze", 21, "every 1", {}, {parameter({1, 5, 1})}, as({5})),
      row("Unsqueeze", 1, "axes", {{"axes", al({2, 0})}}, {parameter({3, 4})}, as({1, 3, 1, 4})),
      row("Unsqueeze", 11, "negative", {{"axes", al({-1})}}, {parameter({3, 4})}, as({3, 4, 1})),
      row("Unsqueeze", 13, "input", {}, {parameter({1, 4}), whole({-1, 1})}, as({1, 1, 4, 1})),
      row("Unsqueeze", 23, "a scalar", {}, {parameter({}), whole({0})}, as({1})),
  };
}

std::vector<OpCase> transpose_cases() {
  std::vector<OpCase> rows;
  Index perm{0, 1, 2};
  do rows.push_back(row("Transpose", 13, cat("perm ", perm), {{"perm", al(perm)}}, {parameter({3, 5, 4})}, permuted(perm)));
  while (std::ranges::next_permutation(perm).found);
  rows.push_back(row("Transpose", 1, "default", {}, {parameter({3, 5})}, permuted({1, 0})));
  rows.push_back(row("Transpose", 13, "tiles", {}, {parameter({37, 18})}, permuted({1, 0})));
  rows.push_back(row("Transpose", 13, "one row", {}, {parameter({1, 7})}, permuted({1, 0})));
  rows.push_back(row("Transpose", 13, "moves only a 1", {{"perm", al({1, 0, 2})}}, {parameter({3, 1, 4})}, permuted({1, 0, 2})));
  rows.push_back(row("Transpose", 21, "rank 4", {{"perm", al({0, 2, 1, 3})}}, {parameter({2, 3, 4, 5})}, permuted({0, 2, 1, 3})));
  rows.push_back(row("Transpose", 21, "channels last", {{"perm", al({0, 2, 3, 1})}}, {parameter({2, 17, 3, 3})}, permuted({0, 2, 3, 1})));
  rows.push_back(row("Transpose", 23, "rank 4 reversed", {}, {parameter({2, 3, 2, 3})}, permuted({3, 2, 1, 0})));
  rows.push_back(ungraded(row("Transpose", 13, "integers", {}, {data({2, 3}, counted(6), Dtype::i64)}, permuted({1, 0}))));
  rows.push_back(ungraded(row("Transpose", 13, "booleans", {}, {data({2, 2}, {1, 1, 0, 1}, Dtype::boolean)}, permuted({1, 0})), {Dtype::boolean}));
  return rows;
}

std::vector<OpCase> concat_cases() {
  const auto x = parameter({3, 6, 2});
  return {
      row("Concat", 4, "axis 0", {{"axis", ai(0)}}, {parameter({2, 3}), parameter({1, 3})}, joined(0)),
      row("Concat", 11, "axis -1", {{"axis", ai(-1)}}, {parameter({2, 3}), parameter({2, 1}), parameter({2, 4})}, joined(1)),
      row("Concat", 13, "data and constant", {{"axis", ai(1)}}, {data({2, 2, 3}), parameter({2, 1, 3}), constant({2, 1, 3}, counted(6))}, joined(1)),
      row("Concat", 13, "one input", {{"axis", ai(1)}}, {parameter({2, 3})}, joined(1)),
      row("Concat", 13, "an empty input", {{"axis", ai(1)}}, {parameter({2, 3}), data({2, 0})}, joined(1)),
      ungraded(row("Concat", 13, "integers", {{"axis", ai(0)}}, {data({2}, {7, 8}, Dtype::i64), integers({9})}, joined(0))),
      ungraded(row("Concat", 13, "booleans", {{"axis", ai(0)}}, {data({2}, {1, 0}, Dtype::boolean), constant({1}, {1}, Dtype::boolean)}, joined(0)),
               {Dtype::boolean}),
      split(2, "attribute", {{"axis", ai(1)}, {"split", al({1, 3, 2})}}, {x}, 1, {1, 3, 2}, 3),
      split(11, "equal", {{"axis", ai(-2)}}, {x}, 1, {3, 3}, 2),
      split(11, "axis 0", {}, {x}, 0, {1, 1, 1}, 3),
      split(13, "input", {{"axis", ai(1)}}, {x, whole({4, 2})}, 1, {4, 2}, 2),
      split(13, "equal", {{"axis", ai(1)}}, {x}, 1, {2, 2, 2}, 3),
      split(13, "only the first part is used", {{"axis", ai(1)}}, {x}, 1, {2, 2, 2}, 1),
      split(13, "an empty part", {{"axis", ai(1)}}, {x, whole({6, 0})}, 1, {6, 0}, 1),
      split(18, "num_outputs, short last", {{"axis", ai(1)}, {"num_outputs", ai(4)}}, {parameter({2, 7})}, 1, {2, 2, 2, 1}, 4),
      split(18, "input", {{"axis", ai(1)}}, {x, whole({1, 5})}, 1, {1, 5}, 2),
      split(18, "neither", {{"axis", ai(2)}}, {x}, 2, {1, 1}, 2),
      row("Tile", 6, "", {}, {parameter({2, 3}), whole({2, 3})}, tiled({2, 3})),
      row("Tile", 13, "rows", {}, {parameter({1, 3}), whole({4, 1})}, tiled({4, 1})),
      row("Tile", 13, "once", {}, {parameter({2, 3}), whole({1, 1})}, tiled({1, 1})),
      row("Tile", 13, "columns", {}, {parameter({3, 1}), whole({1, 5})}, tiled({1, 5})),
      ungraded(row("Tile", 13, "integers", {}, {data({2}, {3, 4}, Dtype::i64), whole({2})}, tiled({2}))),
      row("Pad", 2, "attributes", {{"pads", al({0, 1, 2, 0})}, {"value", 1.5f}}, {parameter({2, 3})}, padded({0, 1}, {2, 0}, 1.5)),
      row("Pad", 11, "zeros", {{"mode", std::string("constant")}}, {parameter({2, 3}), whole({1, 0, 0, 2})}, padded({1, 0}, {0, 2}, 0)),
      row("Pad", 13, "value", {}, {parameter({2, 3}), whole({1, 1, 1, 1}), constant({}, {-2})}, padded({1, 1}, {1, 1}, -2)),
      row("Pad", 13, "crops", {}, {parameter({3, 4}), whole({-1, 2, 0, -2}), constant({1}, {7})}, padded({-1, 2}, {0, -2}, 7)),
      row("Pad", 18, "axes", {}, {parameter({2, 3, 2}), whole({1, 3, 0, 2}), left_out(), whole({-1, 0})}, padded({3, 0, 1}, {2, 0, 0}, 0)),
      ungraded(row("Pad", 18, "integers", {}, {data({2}, {3, 4}, Dtype::i64), whole({1, 1}), constant({}, {9}, Dtype::i64)}, padded({1}, {1}, 9))),
  };
}

std::vector<OpCase> slice_cases() {
  const auto x = parameter({3, 7, 2});
  const auto one = [](std::int64_t v) { return integers({static_cast<double>(v)}); };
  return {
      row("Slice", 1, "attributes", {{"starts", al({1})}, {"ends", al({4})}, {"axes", al({1})}}, {x}, sliced(1, 1, 3)),
      row("Slice", 9, "no axes", {{"starts", al({1})}, {"ends", al({largest})}}, {x}, sliced(0, 1, 2)),
      row("Slice", 9, "negative", {{"starts", al({-3})}, {"ends", al({-1})}, {"axes", al({-2})}}, {x}, sliced(1, 4, 2)),
      row("Slice", 10, "inputs", {}, {x, one(2), one(6), one(1)}, sliced(1, 2, 4)),
      row("Slice", 11, "step", {}, {x, one(1), one(9223372036854774784), one(1), one(2)}, sliced(1, 1, 3, 2)),
      row("Slice", 13, "backwards", {}, {x, one(-1), one(-9223372036854774784), one(1), one(-1)}, sliced(1, 6, 7, -1)),
      row("Slice", 13, "backwards by 3", {}, {x, one(5), one(0), one(1), one(-3)}, sliced(1, 5, 2, -3)),
      row("Slice", 13, "backwards from beyond the end", {}, {x, one(100), one(-100), one(1), one(-2)}, sliced(1, 6, 4, -2)),
      row("Slice", 13, "backwards from before the start", {}, {x, one(-100), one(-200), one(1), one(-1)}, sliced(1, 0, 1, -1)),
      row("Slice", 13, "a huge step", {}, {x, one(2), one(100), one(1), one(9223372036854774784)}, sliced(1, 2, 1)),
      row("Slice", 13, "the whole", {}, {x, one(0), one(100)}, sliced(0, 0, 3)),
      row("Slice", 13, "without axes, with steps", {}, {x, one(2), one(-9), left_out(), one(-2)}, sliced(0, 2, 2, -2)),
      ungraded(row("Slice", 13, "empty", {}, {data({3, 2}), one(2), one(1)}, sliced(0, 0, 0)), {Dtype::f32}),
      ungraded(row("Slice", 13, "integers", {}, {data({4}, {1, 2, 3, 4}, Dtype::i64), one(1), one(3)}, sliced(0, 1, 2))),
      row("Trilu", 14, "upper", {}, {parameter({4, 4})}, triangle(true, 0)),
      row("Trilu", 14, "lower, shifted", {{"upper", ai(0)}}, {parameter({2, 3, 5}), constant({}, {1}, Dtype::i64)}, triangle(false, 1)),
      row("Trilu", 14, "upper, shifted down", {}, {parameter({2, 4, 3}), constant({1}, {-2}, Dtype::i64)}, triangle(true, -2)),
      ungraded(row("Trilu", 14, "nothing left", {}, {data({3, 3}), constant({}, {50}, Dtype::i64)}, triangle(true, 50)), {Dtype::f32}),
      ungraded(row("Trilu", 14, "integers", {{"upper", ai(0)}}, {data({2, 2}, {1, 2, 3, 4}, Dtype::i64)}, triangle(false, 0))),
  };
}

std::vector<OpCase> expand_cases() {
  const auto to = [](Shape shape) -> Reference {
    return [shape](const Arrays& in) { return Arrays{zip(in[0], filled(shape), [](double x, double) { return x; })}; };
  };
  return {
      row("Expand", 8, "rows", {}, {parameter({1, 4}), whole({3, 1})}, to({3, 4})),
      row("Expand", 13, "columns", {}, {parameter({3, 1}), whole({3, 5})}, to({3, 5})),
      row("Expand", 13, "a new axis", {}, {parameter({3, 1}), whole({2, 1, 4})}, to({2, 3, 4})),
      row("Expand", 13, "the middle", {}, {parameter({2, 1, 3}), whole({2, 4, 3})}, to({2, 4, 3})),
      row("Expand", 13, "a scalar", {}, {parameter({}), whole({2, 3})}, to({2, 3})),
      row("Expand", 13, "only new 1s", {}, {parameter({2, 3}), whole({1, 1, 1})}, to({1, 2, 3})),
      row("Expand", 13, "long sums", {}, {parameter({1, 3}), whole({300, 1})}, to({300, 3})),
      ungraded(row("Expand", 13, "integers", {}, {data({1, 2}, {5, 6}, Dtype::i64), whole({2, 2})}, to({2, 2}))),
      ungraded(row("Expand", 13, "booleans", {}, {data({1, 2}, {1, 0}, Dtype::boolean), whole({2, 2})}, to({2, 2})), {Dtype::boolean}),
  };
}

}  // namespace lehr::cases
