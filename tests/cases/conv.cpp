#include "tests/cases/cases.h"
#include "tests/cases/windows.h"

namespace lehr::cases {

namespace {

struct Row {
  const char* variant;
  Shape x, w;
  Slide slide;
  std::int64_t group = 1;
  Attributes attrs = {};
  int opset = 11;
  bool bias = true;
};

// Every product of the definition as three offsets, so that differences of many weights stay cheap.
struct Term {
  std::size_t x, w, y;
};
std::vector<Term> terms(const Row& r, const Shape& y) {
  std::vector<Term> out;
  const std::int64_t per = r.w[1], made = r.w[0] / r.group;
  each_index(y, [&](const Shape& at) {
    const Shape o(at.begin() + 2, at.end());
    for (std::int64_t c = 0; c < per; ++c)
      each_index(r.slide.kernel, [&](const Shape& k) {
        const Shape p = place(r.slide, o, k);
        if (inside(r.x, p)) out.push_back({flat(r.x, joined({at[0], at[1] / made * per + c}, p)), flat(r.w, joined({at[1], c}, k)), flat(y, at)});
      });
  });
  return out;
}

OpCase row(Row r) {
  const Shape y = joined({r.x[0], r.w[0]}, r.slide.output);
  OpCase c{.op = "Conv", .opset = r.opset, .variant = r.variant, .attrs = r.attrs, .in = {parameter(r.x), parameter(r.w)}};
  if (r.group > 1) c.attrs["group"] = r.group;
  if (r.bias) c.in.push_back(parameter({r.w[0]}));
  const std::size_t inner = static_cast<std::size_t>(elements(r.slide.output)), channels = static_cast<std::size_t>(r.w[0]);
  c.reference = [=, all = terms(r, y)](const Arrays& in) {
    Array out = filled(y);
    for (const auto& [a, b, to] : all) out[to] += in[0][a] * in[1][b];
    for (std::size_t k = 0; k < out.size() && in.size() > 2; ++k) out[k] += in[2][k / inner % channels];
    return Arrays{out};
  };
  c.difference = 1e-3;  // linear in every input: no error but that of rounding
  return c;
}

// Y[n,m,place(i,k)] += X[n,c,i] W[c,m,k]: slide.output are X's axes, `y` those of Y.
OpCase transposed(const Row& r, const Shape& y_axes) {
  const std::int64_t takes = r.w[0] / r.group, makes = r.w[1];
  const Shape y = joined({r.x[0], makes * r.group}, y_axes);
  std::vector<Term> all;
  each_index(r.x, [&](const Shape& at) {
    for (std::int64_t m = 0; m < makes; ++m)
      each_index(r.slide.kernel, [&](const Shape& k) {
        const Shape p = place(r.slide, Shape(at.begin() + 2, at.end()), k);
        if (inside(y, p)) all.push_back({flat(r.x, at), flat(r.w, joined({at[1], m}, k)), flat(y, joined({at[0], at[1] / takes * makes + m}, p))});
      });
  });
  OpCase c{.op = "ConvTranspose", .opset = r.opset, .variant = r.variant, .attrs = r.attrs, .in = {parameter(r.x), parameter(r.w)}};
  if (r.group > 1) c.attrs["group"] = r.group;
  if (r.bias) c.in.push_back(parameter({y[1]}));
  const auto inner = static_cast<std::size_t>(elements(y_axes)), channels = static_cast<std::size_t>(y[1]);
  c.reference = [=](const Arrays& in) {
    Array out = filled(y);
    for (const auto& [a, b, to] : all) out[to] += in[0][a] * in[1][b];
    for (std::size_t k = 0; k < out.size() && in.size() > 2; ++k) out[k] += in[2][k / inner % channels];
    return Arrays{out};
  };
  c.difference = 1e-3;
  return c;
}

using List = std::vector<std::int64_t>;

void add_transposed(std::vector<OpCase>& out) {
  const Shape one{1, 1}, none{0, 0}, two{2, 2}, three{3, 3};
  for (const int opset : {1, 11, 22})
    out.push_back(transposed({.variant = "3x3", .x = {2, 3, 3, 4}, .w = {3, 4, 3, 3}, .slide = {three, one, one, none, {}}, .opset = opset}, {5, 6}));
  out.push_back(transposed({.variant = "no bias, strides",
                            .x = {2, 3, 3, 2},
                            .w = {3, 2, 2, 3},
                            .slide = {{2, 3}, {2, 3}, one, none, {}},
                            .attrs = {{"strides", List{2, 3}}},
                            .bias = false},
                           {6, 6}));
  out.push_back(transposed({.variant = "pads and output_padding",
                            .x = {1, 2, 3, 3},
                            .w = {2, 5, 3, 3},
                            .slide = {three, two, one, {1, 0}, {}},
                            .attrs = {{"strides", List{2, 2}}, {"pads", List{1, 0, 1, 2}}, {"output_padding", List{1, 1}}}},
                           {6, 6}));
  out.push_back(transposed({.variant = "more stride than window",
                            .x = {1, 2, 3, 2},
                            .w = {2, 2, 2, 2},
                            .slide = {two, three, one, none, {}},
                            .attrs = {{"strides", List{3, 3}}, {"output_padding", List{1, 2}}}},
                           {9, 7}));
  out.push_back(transposed({.variant = "dilations",
                            .x = {1, 2, 3, 3},
                            .w = {2, 3, 2, 3},
                            .slide = {{2, 3}, one, {3, 2}, {1, 1}, {}},
                            .attrs = {{"dilations", List{3, 2}}, {"pads", List{1, 1, 0, 1}}}},
                           {5, 5}));
  out.push_back(transposed(
      {.variant = "2 groups", .x = {2, 4, 3, 3}, .w = {4, 3, 2, 2}, .slide = {two, two, one, none, {}}, .group = 2, .attrs = {{"strides", List{2, 2}}}},
      {6, 6}));
  out.push_back(transposed({.variant = "blocks of channels",
                            .x = {1, 16, 3, 3},
                            .w = {16, 16, 3, 3},
                            .slide = {three, two, one, one, {}},
                            .attrs = {{"strides", List{2, 2}}, {"pads", List{1, 1, 1, 1}}}},
                           {5, 5}));
  out.push_back(transposed({.variant = "output_shape",
                            .x = {1, 2, 3, 3},
                            .w = {2, 2, 3, 3},
                            .slide = {three, two, one, {1, 0}, {}},
                            .attrs = {{"strides", List{2, 2}}, {"output_shape", List{6, 7}}}},
                           {6, 7}));
  out.push_back(transposed({.variant = "output_shape, SAME_UPPER",
                            .x = {1, 2, 3, 3},
                            .w = {2, 2, 3, 3},
                            .slide = {three, two, one, none, {}},
                            .attrs = {{"strides", List{2, 2}}, {"output_shape", List{6, 8}}, {"auto_pad", std::string("SAME_UPPER")}}},
                           {6, 8}));
  out.push_back(transposed({.variant = "auto_pad SAME_LOWER",
                            .x = {1, 2, 3, 3},
                            .w = {2, 2, 3, 3},
                            .slide = {three, two, one, one, {}},
                            .attrs = {{"strides", List{2, 2}}, {"auto_pad", std::string("SAME_LOWER")}}},
                           {6, 6}));
  out.push_back(transposed(
      {.variant = "one axis", .x = {2, 3, 4}, .w = {3, 2, 3}, .slide = {{3}, {2}, {1}, {1}, {}}, .attrs = {{"strides", List{2}}, {"pads", List{1, 0}}}}, {8}));
}

}  // namespace

std::vector<OpCase> conv_cases() {
  std::vector<OpCase> out;
  const Shape one{1, 1}, none{0, 0}, three{3, 3};
  for (const int opset : {1, 11, 22}) {
    out.push_back(row({.variant = "3x3", .x = {2, 3, 5, 6}, .w = {4, 3, 3, 3}, .slide = {three, one, one, none, {3, 4}}, .opset = opset}));
    out.push_back(
        row({.variant = "3x3, no bias", .x = {2, 3, 5, 6}, .w = {4, 3, 3, 3}, .slide = {three, one, one, none, {3, 4}}, .opset = opset, .bias = false}));
  }
  out.push_back(row({.variant = "pads",
                     .x = {2, 1, 4, 4},
                     .w = {8, 1, 3, 3},
                     .slide = {three, one, one, one, {4, 4}},
                     .attrs = {{"pads", List{1, 1, 1, 1}}, {"kernel_shape", List{3, 3}}}}));
  out.push_back(row({.variant = "other pads at each side",
                     .x = {1, 2, 4, 5},
                     .w = {3, 2, 3, 2},
                     .slide = {{3, 2}, one, one, {0, 2}, {4, 7}},
                     .attrs = {{"pads", List{0, 2, 2, 1}}}}));
  out.push_back(row({.variant = "strides",
                     .x = {2, 2, 7, 6},
                     .w = {3, 2, 3, 3},
                     .slide = {three, {2, 3}, one, one, {4, 2}},
                     .attrs = {{"strides", List{2, 3}}, {"pads", List{1, 1, 1, 0}}}}));
  out.push_back(row({.variant = "strides that leave a rest",
                     .x = {1, 2, 6, 8},
                     .w = {2, 2, 3, 3},
                     .slide = {three, {2, 4}, one, none, {2, 2}},
                     .attrs = {{"strides", List{2, 4}}}}));
  out.push_back(row({.variant = "dilations",
                     .x = {1, 2, 7, 6},
                     .w = {2, 2, 3, 2},
                     .slide = {{3, 2}, one, {2, 3}, {1, 0}, {5, 3}},
                     .attrs = {{"dilations", List{2, 3}}, {"pads", List{1, 0, 1, 0}}}}));
  out.push_back(row({.variant = "2 groups",
                     .x = {2, 4, 4, 4},
                     .w = {6, 2, 3, 3},
                     .slide = {three, one, one, one, {4, 4}},
                     .group = 2,
                     .attrs = {{"pads", List{1, 1, 1, 1}}}}));
  out.push_back(row({.variant = "depthwise",
                     .x = {2, 5, 4, 4},
                     .w = {5, 1, 3, 3},
                     .slide = {three, one, one, one, {4, 4}},
                     .group = 5,
                     .attrs = {{"pads", List{1, 1, 1, 1}}}}));
  out.push_back(row({.variant = "depthwise, 16 channels, 2 each",
                     .x = {1, 16, 4, 4},
                     .w = {32, 1, 3, 3},
                     .slide = {three, {2, 2}, one, one, {2, 2}},
                     .group = 16,
                     .attrs = {{"pads", List{1, 1, 1, 1}}, {"strides", List{2, 2}}}}));
  out.push_back(row({.variant = "1x1", .x = {3, 5, 3, 2}, .w = {7, 5, 1, 1}, .slide = {one, one, one, none, {3, 2}}}));
  out.push_back(row({.variant = "blocks of channels",
                     .x = {2, 16, 4, 4},
                     .w = {16, 16, 3, 3},
                     .slide = {three, one, one, one, {4, 4}},
                     .attrs = {{"pads", List{1, 1, 1, 1}}}}));
  out.push_back(row({.variant = "blocks and a rest", .x = {2, 17, 3, 3}, .w = {18, 17, 2, 2}, .slide = {{2, 2}, one, one, none, {2, 2}}}));
  out.push_back(row({.variant = "the window is all of X", .x = {3, 2, 4, 4}, .w = {5, 2, 4, 4}, .slide = {{4, 4}, one, one, none, one}}));
  out.push_back(row({.variant = "auto_pad SAME_UPPER",
                     .x = {1, 2, 5, 4},
                     .w = {2, 2, 2, 3},
                     .slide = {{2, 3}, {1, 2}, one, {0, 0}, {5, 2}},
                     .attrs = {{"auto_pad", std::string("SAME_UPPER")}, {"strides", List{1, 2}}}}));
  out.push_back(row({.variant = "auto_pad SAME_LOWER",
                     .x = {1, 2, 5, 4},
                     .w = {2, 2, 2, 3},
                     .slide = {{2, 3}, {1, 2}, one, {1, 1}, {5, 2}},
                     .attrs = {{"auto_pad", std::string("SAME_LOWER")}, {"strides", List{1, 2}}}}));
  out.push_back(row({.variant = "auto_pad VALID",
                     .x = {1, 2, 5, 4},
                     .w = {2, 2, 2, 3},
                     .slide = {{2, 3}, one, one, none, {4, 2}},
                     .attrs = {{"auto_pad", std::string("VALID")}}}));
  out.push_back(row({.variant = "one axis",
                     .x = {2, 3, 9},
                     .w = {4, 3, 3},
                     .slide = {{3}, {2}, {2}, {1}, {4}},
                     .attrs = {{"pads", List{1, 1}}, {"strides", List{2}}, {"dilations", List{2}}}}));
  out.push_back(row({.variant = "one axis, 2 groups", .x = {2, 4, 6}, .w = {6, 2, 2}, .slide = {{2}, {1}, {1}, {0}, {5}}, .group = 2}));
  out.push_back(row({.variant = "three axes",
                     .x = {1, 2, 3, 4, 3},
                     .w = {3, 2, 2, 3, 2},
                     .slide = {{2, 3, 2}, {1, 1, 1}, {1, 1, 1}, {0, 1, 0}, {2, 4, 2}},
                     .attrs = {{"pads", List{0, 1, 0, 0, 1, 0}}}}));
  add_transposed(out);
  return out;
}

}  // namespace lehr::cases
