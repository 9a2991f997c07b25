#include <algorithm>
#include <limits>

#include "tests/cases/cases.h"
#include "tests/cases/windows.h"

namespace lehr::cases {

namespace {

using List = std::vector<std::int64_t>;

struct Row {
  const char* variant;
  Shape x;
  Slide slide;
  Attributes attrs = {};
  std::vector<int> opsets = {11};
  Shape counted_end = {};  // with count_include_pad: the padding behind X that counts
};

// With `end`: places in [-begin, size + end) divide, else those inside X.
Reference average(const Row& r) {
  return [r](const Arrays& in) {
    Array y = filled(joined({r.x[0], r.x[1]}, r.slide.output));
    std::size_t to = 0;
    each_index(y.shape, [&](const Shape& at) {
      double sum = 0, count = 0;
      each_index(r.slide.kernel, [&](const Shape& k) {
        const Shape p = place(r.slide, Shape(at.begin() + 2, at.end()), k);
        if (inside(r.x, p)) sum += in[0][flat(r.x, joined({at[0], at[1]}, p))];
        bool counts = r.counted_end.empty() ? inside(r.x, p) : true;
        for (std::size_t i = 0; i < r.counted_end.size(); ++i) counts = counts && p[i] >= -r.slide.begin[i] && p[i] < r.x[i + 2] + r.counted_end[i];
        count += counts;
      });
      y[to++] = sum / count;
    });
    return Arrays{y};
  };
}

Reference largest(const Row& r) {
  return [r](const Arrays& in) {
    Array y = filled(joined({r.x[0], r.x[1]}, r.slide.output));
    std::size_t to = 0;
    each_index(y.shape, [&](const Shape& at) {
      double most = -std::numeric_limits<double>::infinity();
      each_index(r.slide.kernel, [&](const Shape& k) {
        const Shape p = place(r.slide, Shape(at.begin() + 2, at.end()), k);
        if (inside(r.x, p)) most = std::max(most, in[0][flat(r.x, joined({at[0], at[1]}, p))]);
      });
      y[to++] = most;
    });
    return Arrays{y};
  };
}

// Every element of X another multiple of 0.07, in an order without pattern: a difference never changes which is largest.
OpInput distinct(const Shape& x) {
  const std::int64_t n = elements(x), step = 7919;  // prime, divides no n below
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(0.07 * static_cast<double>(i * step % n) - 0.035 * static_cast<double>(n));
  return parameter(x, values);
}

void add(std::vector<OpCase>& out, const Row& r, bool maximum, bool mean) {
  for (const int opset : r.opsets) {
    OpCase c{.op = "", .opset = opset, .variant = r.variant, .attrs = r.attrs, .in = {distinct(r.x)}};
    c.attrs["kernel_shape"] = r.slide.kernel;
    if (maximum) c.op = "MaxPool", c.reference = largest(r), out.push_back(c);
    if (mean) c.op = "AveragePool", c.reference = average(r), out.push_back(c);
  }
}

}  // namespace

std::vector<OpCase> pool_cases() {
  std::vector<OpCase> out;
  const Shape one{1, 1}, two{2, 2}, three{3, 3}, none{0, 0};
  const Attributes strides{{"strides", List{2, 2}}};
  const auto with = [](Attributes a, const Attributes& more) {
    a.insert(more.begin(), more.end());
    return a;
  };
  const Attributes ceil = with(strides, {{"ceil_mode", std::int64_t{1}}}), counted{{"count_include_pad", std::int64_t{1}}};
  const Row plain{.variant = "2x2", .x = {2, 3, 4, 6}, .slide = {two, two, one, none, {2, 3}}, .attrs = strides};
  Row row = plain;
  row.opsets = {1, 8, 10, 11, 12, 22};
  add(out, row, true, false);
  row.opsets = {1, 7, 10, 11, 19, 22};
  add(out, row, false, true);
  const Attributes padded = with(strides, {{"pads", List{1, 1, 1, 1}}});
  add(out, {.variant = "no stride given", .x = {1, 2, 4, 5}, .slide = {{2, 3}, one, one, none, three}}, true, true);
  add(out, {.variant = "pads", .x = {2, 2, 5, 5}, .slide = {three, two, one, one, three}, .attrs = padded}, true, true);
  add(out, {.variant = "other pads at each side", .x = {1, 2, 4, 4}, .slide = {three, one, one, {0, 2}, {3, 5}}, .attrs = {{"pads", List{0, 2, 1, 1}}}}, true,
      true);
  add(out, {.variant = "ceil_mode", .x = {1, 2, 5, 6}, .slide = {two, two, one, none, three}, .attrs = ceil}, true, true);
  add(out,
      {.variant = "ceil_mode, the last would begin behind X",
       .x = {1, 2, 4, 4},
       .slide = {two, {3, 3}, one, one, two},
       .attrs = {{"strides", List{3, 3}}, {"pads", List{1, 1, 1, 1}}, {"ceil_mode", std::int64_t{1}}}},
      true, true);
  add(out,
      {.variant = "auto_pad SAME_UPPER",
       .x = {1, 2, 5, 4},
       .slide = {three, two, one, {1, 0}, {3, 2}},
       .attrs = with(strides, {{"auto_pad", std::string("SAME_UPPER")}})},
      true, true);
  add(out,
      {.variant = "auto_pad SAME_LOWER",
       .x = {1, 2, 5, 4},
       .slide = {three, two, one, {1, 1}, {3, 2}},
       .attrs = with(strides, {{"auto_pad", std::string("SAME_LOWER")}})},
      true, true);
  add(out,
      {.variant = "dilations",
       .x = {1, 2, 6, 7},
       .slide = {{2, 3}, one, {3, 2}, {1, 0}, {5, 3}},
       .attrs = {{"dilations", List{3, 2}}, {"pads", List{1, 0, 1, 0}}},
       .opsets = {22}},
      true, true);
  add(out, {.variant = "one axis", .x = {2, 3, 7}, .slide = {{3}, {2}, {1}, {1}, {4}}, .attrs = {{"strides", List{2}}, {"pads", List{1, 1}}}}, true, true);
  add(out,
      {.variant = "three axes", .x = {1, 2, 4, 3, 4}, .slide = {{2, 2, 2}, {2, 1, 2}, {1, 1, 1}, {0, 0, 0}, {2, 2, 2}}, .attrs = {{"strides", List{2, 1, 2}}}},
      true, true);
  add(out, {.variant = "16 channels", .x = {2, 16, 4, 4}, .slide = {three, two, one, one, two}, .attrs = padded}, true, true);
  add(out, {.variant = "pads counted", .x = {2, 2, 5, 5}, .slide = {three, two, one, one, three}, .attrs = with(padded, counted), .counted_end = {1, 1}}, false,
      true);
  add(out,
      {.variant = "pads counted, ceil_mode",
       .x = {2, 2, 6, 5},
       .slide = {three, two, one, one, {4, 3}},
       .attrs = with(with(ceil, counted), {{"pads", List{1, 1, 1, 1}}}),
       .counted_end = {1, 1}},
      false, true);
  return out;
}

}  // namespace lehr::cases
