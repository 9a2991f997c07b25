#include <algorithm>
#include <numeric>

#include "tests/cases/move_cases.h"

namespace lehr::cases {

namespace {

std::int64_t whole(double v, std::int64_t size) { return static_cast<std::int64_t>(v) + (v < 0 ? size : 0); }

Reference taken(std::size_t axis) {
  return [axis](const Arrays& in) {
    const Array &x = in[0], &index = in[1];
    const auto cut = static_cast<std::ptrdiff_t>(axis);
    Shape shape(x.shape.begin(), x.shape.begin() + cut);
    shape.insert(shape.end(), index.shape.begin(), index.shape.end());
    shape.insert(shape.end(), x.shape.begin() + cut + 1, x.shape.end());
    const auto rank = static_cast<std::ptrdiff_t>(index.shape.size());
    return Arrays{each(shape, [&](const Index& i) {
      Index from(i.begin(), i.begin() + cut);
      from.push_back(whole(at(index, {i.begin() + cut, i.begin() + cut + rank}), x.shape[axis]));
      from.insert(from.end(), i.begin() + cut + rank, i.end());
      return at(x, from);
    })};
  };
}

Reference taken_elements(std::size_t axis) {
  return [axis](const Arrays& in) {
    return Arrays{each(in[1].shape, [&](Index i) {
      i[axis] = whole(at(in[1], i), in[0].shape[axis]);
      return at(in[0], i);
    })};
  };
}

Reference taken_nd(std::size_t batch) {
  return [batch](const Arrays& in) {
    const Array &x = in[0], &index = in[1];
    const auto k = static_cast<std::size_t>(index.shape.back());
    Shape shape(index.shape.begin(), index.shape.end() - 1);
    const auto rows = static_cast<std::ptrdiff_t>(shape.size());
    shape.insert(shape.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(batch + k), x.shape.end());
    return Arrays{each(shape, [&](const Index& i) {
      Index from(i.begin(), i.begin() + static_cast<std::ptrdiff_t>(batch));
      for (std::size_t c = 0; c < k; ++c) {
        Index place(i.begin(), i.begin() + rows);
        place.push_back(static_cast<std::int64_t>(c));
        from.push_back(whole(at(index, place), x.shape[batch + c]));
      }
      from.insert(from.end(), i.begin() + rows, i.end());
      return at(x, from);
    })};
  };
}

const Reference chosen = [](const Arrays& in) {
  const Array first = zip(in[0], in[1], [](double c, double x) { return c != 0 ? x : 0.0; });
  const Array second = zip(in[0], in[2], [](double c, double y) { return c != 0 ? 0.0 : y; });
  return Arrays{zip(first, second, [](double x, double y) { return x + y; })};
};

// Places of the k first elements of each line along `axis`, larger or smaller ones first, equal ones by index.
Array order(const Array& x, std::size_t axis, std::int64_t k, bool largest) {
  Shape shape = x.shape;
  shape[axis] = k;
  return each(shape, [&](const Index& i) {
    std::vector<std::int64_t> places(static_cast<std::size_t>(x.shape[axis]));
    std::iota(places.begin(), places.end(), 0);
    std::ranges::stable_sort(places, [&](std::int64_t a, std::int64_t b) {
      Index p = i, q = i;
      p[axis] = a, q[axis] = b;
      return largest ? at(x, p) > at(x, q) : at(x, p) < at(x, q);
    });
    return static_cast<double>(places[static_cast<std::size_t>(i[axis])]);
  });
}

Reference top(std::size_t axis, std::int64_t k, bool largest) {
  return [=](const Arrays& in) {
    const Array places = order(in[0], axis, k, largest);
    return Arrays{taken_elements(axis)({in[0], places})[0], places};
  };
}

Reference arg(std::size_t axis, bool largest, bool keep) {
  return [=](const Arrays& in) {
    Array places = order(in[0], axis, 1, largest);
    if (!keep) places.shape.erase(places.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    return Arrays{places};
  };
}

OpCase top_k(int opset, std::string variant, Attributes attrs, std::vector<OpInput> in, Reference reference) {
  OpCase c = row("TopK", opset, std::move(variant), std::move(attrs), std::move(in), std::move(reference));
  c.outputs = {Dtype::f32, Dtype::i64};
  return c;
}

Reference hot(std::size_t axis, std::int64_t depth, double off, double on) {
  return [=](const Arrays& in) {
    Shape shape = in[0].shape;
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), depth);
    return Arrays{each(shape, [&](Index i) {
      const std::int64_t place = i[axis];
      i.erase(i.begin() + static_cast<std::ptrdiff_t>(axis));
      return whole(at(in[0], i), depth) == place ? on : off;
    })};
  };
}

OpInput indices(Shape shape, std::vector<double> values) { return data(std::move(shape), std::move(values), Dtype::i64); }
OpInput fixed_indices(Shape shape, std::vector<double> values) { return constant(std::move(shape), std::move(values), Dtype::i64); }
OpInput booleans(Shape shape, std::vector<double> values) { return data(std::move(shape), std::move(values), Dtype::boolean); }

}  // namespace

std::vector<OpCase> gather_cases() {
  const auto table = parameter({5, 3});
  return {
      row("Gather", 1, "embedding", {}, {table, indices({4}, {2, 0, 2, 4})}, taken(0)),
      row("Gather", 11, "negative indices", {{"axis", ai(0)}}, {table, indices({3}, {-1, 1, -5})}, taken(0)),
      row("Gather", 13, "matrix of indices", {}, {table, indices({2, 3}, {0, 1, 2, 2, 1, 1})}, taken(0)),
      row("Gather", 13, "columns, constant", {{"axis", ai(1)}}, {table, fixed_indices({2}, {2, -3})}, taken(1)),
      row("Gather", 13, "one column", {{"axis", ai(-1)}}, {table, fixed_indices({}, {1})}, taken(1)),
      row("Gather", 13, "middle axis", {{"axis", ai(1)}}, {parameter({2, 4, 3}), indices({2}, {3, 0})}, taken(1)),
      row("Gather", 13, "rows of a batch", {{"axis", ai(1)}}, {parameter({3, 4}), indices({2, 2}, {3, 0, 0, 1})}, taken(1)),
      ungraded(row("Gather", 13, "integers", {}, {data({3}, {7, 8, 9}, Dtype::i64), indices({2}, {2, 0})}, taken(0))),
      ungraded(row("Gather", 13, "booleans", {}, {booleans({3}, {1, 0, 1}), indices({2}, {2, 1})}, taken(0)), {Dtype::boolean}),
      ungraded(row("Gather", 13, "no indices", {}, {data({3, 2}), fixed_indices({0}, {})}, taken(0)), {Dtype::f32}),
      row("GatherElements", 11, "axis 0", {}, {parameter({3, 3}), indices({2, 3}, {1, 2, 0, 2, -3, 0})}, taken_elements(0)),
      row("GatherElements", 13, "axis 1", {{"axis", ai(1)}}, {parameter({2, 4}), fixed_indices({2, 3}, {0, 0, 3, 1, -1, 2})}, taken_elements(1)),
      row("GatherElements", 13, "fewer rows", {{"axis", ai(-1)}}, {parameter({3, 2, 4}), indices({2, 1, 2}, {0, 3, 1, 1})}, taken_elements(2)),
      row("GatherND", 11, "elements", {}, {parameter({3, 4}), indices({3, 2}, {0, 1, 2, -1, 0, 1})}, taken_nd(0)),
      row("GatherND", 12, "rows", {}, {parameter({3, 4}), fixed_indices({2, 1}, {2, 0})}, taken_nd(0)),
      row("GatherND", 13, "batch", {{"batch_dims", ai(1)}}, {parameter({2, 3, 4}), indices({2, 2, 1}, {1, 0, 2, 2})}, taken_nd(1)),
      row("GatherND", 13, "one of each batch", {{"batch_dims", ai(1)}}, {parameter({4, 3}), indices({4, 1}, {1, 0, 2, 2})}, taken_nd(1)),
      row("ai.onnx.ml.ArrayFeatureExtractor", 1, "columns", {}, {parameter({2, 4}), indices({2}, {3, 1})}, taken(1)),
      ungraded(row("ai.onnx.ml.ArrayFeatureExtractor", 1, "a vector", {}, {data({3}, {5, 6, 7}, Dtype::i64), indices({2, 1}, {2, 0})},
                   [](const Arrays& in) {
                     return Arrays{{{1, 2}, {in[0][2], in[0][0]}}};
                   })),
  };
}

std::vector<OpCase> where_cases() {
  const auto condition = booleans({2, 3}, {1, 0, 0, 1, 1, 0});
  return {
      row("Where", 9, "", {}, {condition, parameter({2, 3}), parameter({2, 3})}, chosen),
      row("Where", 16, "broadcast", {}, {condition, parameter({1, 3}), parameter({})}, chosen),
      row("Where", 16, "condition broadcast", {}, {booleans({3, 1}, {1, 0, 1}), parameter({3, 4}), parameter({4})}, chosen),
      row("Where", 16, "a new axis", {}, {booleans({2, 1, 1}, {1, 0}), parameter({3, 1}), parameter({1, 4})}, chosen),
      row("Where", 16, "constant condition", {}, {constant({2, 3}, {1, 0, 0, 1, 1, 0}, Dtype::boolean), parameter({2, 3}), constant({}, {-5})}, chosen),
      ungraded(row("Where", 16, "integers", {}, {condition, data({2, 3}, counted(6), Dtype::i64), integers({-1})}, chosen)),
      ungraded(row("Where", 16, "booleans", {}, {condition, booleans({2, 3}, {1, 1, 1, 0, 1, 1}), booleans({3}, {0, 1, 1})}, chosen), {Dtype::boolean}),
  };
}

std::vector<OpCase> select_cases() {
  const auto x = data({3, 5, 2});
  return {
      ungraded(row("ArgMax", 1, "axis 0", {}, {x}, arg(0, true, true))),
      ungraded(row("ArgMax", 11, "axis -1", {{"axis", ai(-1)}, {"keepdims", ai(0)}}, {x}, arg(2, true, false))),
      ungraded(row("ArgMax", 13, "ties", {{"axis", ai(0)}}, {data({4}, {1, 3, 3, 2})},
                   [](const Arrays&) {
                     return Arrays{{{1}, {1}}};
                   })),
      ungraded(row("ArgMax", 13, "last of ties", {{"select_last_index", ai(1)}}, {data({4}, {1, 3, 3, 2})},
                   [](const Arrays&) {
                     return Arrays{{{1}, {2}}};
                   })),
      ungraded(row("ArgMax", 13, "integers", {{"axis", ai(1)}}, {data({2, 3}, {1, 9, 4, 7, 2, 3}, Dtype::i64)}, arg(1, true, true))),
      ungraded(row("ArgMin", 13, "", {{"axis", ai(1)}}, {x}, arg(1, false, true))),
      top_k(1, "attribute", {{"k", ai(2)}, {"axis", ai(1)}}, {parameter({3, 5, 2})}, top(1, 2, true)),
      top_k(10, "input", {}, {parameter({4, 6}), integers({3})}, top(1, 3, true)),
      top_k(11, "smallest", {{"largest", ai(0)}, {"axis", ai(0)}}, {parameter({5, 2}), integers({2})}, top(0, 2, false)),
      top_k(11, "all", {}, {parameter({2, 3}), integers({3})}, top(1, 3, true)),
      ungraded(top_k(11, "ties", {}, {data({1, 5}, {2, 7, 7, 2, 7}), integers({4})}, top(1, 4, true)), {Dtype::f32, Dtype::i64}),
      ungraded(top_k(11, "integers", {}, {data({5}, {2, 7, 1, 9, 3}, Dtype::i64), integers({2})}, top(0, 2, true)), {Dtype::i64, Dtype::i64}),
      ungraded(row("OneHot", 9, "", {}, {indices({3}, {1, 0, -1}), constant({}, {4}, Dtype::i64), constant({2}, {0, 1})}, hot(1, 4, 0, 1)), {Dtype::f32}),
      ungraded(row("OneHot", 11, "axis 0", {{"axis", ai(0)}}, {indices({2, 2}, {1, 0, 2, 1}), integers({3}), constant({2}, {-1, 5})}, hot(0, 3, -1, 5)),
               {Dtype::f32}),
      ungraded(row("OneHot", 11, "out of range is off", {}, {indices({3}, {3, -4, 2}), integers({3}), constant({2}, {0, 1}, Dtype::i64)}, hot(1, 3, 0, 1))),
      ungraded(row("OneHot", 11, "float indices", {}, {data({2}, {1, 2}), constant({}, {3}), constant({2}, {0, 1})}, hot(1, 3, 0, 1)), {Dtype::f32}),
  };
}

}  // namespace lehr::cases
