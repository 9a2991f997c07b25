#include "engine/ops/window.h"

#include <algorithm>

#include "engine/ops/inputs.h"

namespace lehr {

namespace {

constexpr std::int64_t limit = std::int64_t{1} << 24;  // primitives count in 32 bits

// A list of `size` integers of at least `least`; `fallback` for each where the attribute is missing.
Shape entries(const NodeView& node, const char* name, std::size_t size, std::int64_t least, std::int64_t fallback) {
  Shape out = node.integers(name);
  if (out.empty()) return Shape(size, fallback);
  if (out.size() != size) throw Error("attribute ", quote(name), " is ", out, ", X is ", node.shape(0), ": ", size, " numbers are needed");
  for (const std::int64_t v : out)
    if (v < least || v >= limit) throw Error("attribute ", quote(name), " is ", out, ", each must be at least ", least, " and under 2^24");
  return out;
}

std::size_t spatial(const NodeView& node) {
  need_float(node, 0);
  const Shape& x = node.shape(0);
  if (x.size() < 3 || x.size() > 5) throw Error("X is ", x, ", [N,C,L], [N,C,H,W] or [N,C,D,H,W] is needed");
  if (std::ranges::any_of(x, [](std::int64_t d) { return d < 1 || d >= limit * 128; }))
    throw Error("X is ", x, ", every dimension must be at least 1 and under 2^31");
  return x.size() - 2;
}

// The elements a window reaches over.
std::int64_t reach(const Window& w, std::size_t i) { return w.dilations[i] * (w.kernel[i] - 1) + 1; }

Window read_steps(const NodeView& node, const Shape& kernel) {
  const std::size_t n = spatial(node);
  Window w;
  w.kernel = kernel;
  w.strides = entries(node, "strides", n, 1, 1);
  w.dilations = entries(node, "dilations", n, 1, 1);
  for (std::size_t i = 0; i < n; ++i)
    if (kernel[i] < 1 || kernel[i] >= limit || reach(w, i) >= limit)
      throw Error("the window is ", kernel, " with dilations ", w.dilations, ": it must reach over at least 1 and under 2^24 elements");
  return w;
}

// SAME: as many positions as strides fit; the odd cell of padding goes to the end (UPPER) or the beginning (LOWER).
void pad_same(Window& w, const Shape& x, bool upper) {
  for (std::size_t i = 0; i < w.kernel.size(); ++i) {
    const std::int64_t positions = (x[i + 2] + w.strides[i] - 1) / w.strides[i];
    const std::int64_t pads = std::max<std::int64_t>((positions - 1) * w.strides[i] + reach(w, i) - x[i + 2], 0);
    w.pads_begin[i] = upper ? pads / 2 : pads - pads / 2;
    w.pads_end[i] = pads - w.pads_begin[i];
  }
}

void read_pads(const NodeView& node, Window& w) {
  const std::size_t n = w.kernel.size();
  const Shape pads = entries(node, "pads", 2 * n, 0, 0);
  const std::string kind = node.text("auto_pad", "NOTSET");
  w.pads_begin.assign(n, 0);
  w.pads_end.assign(n, 0);
  if (kind == "NOTSET")
    std::copy_n(pads.begin(), n, w.pads_begin.begin()), std::copy_n(pads.begin() + static_cast<std::ptrdiff_t>(n), n, w.pads_end.begin());
  else if (kind == "SAME_UPPER" || kind == "SAME_LOWER")
    pad_same(w, node.shape(0), kind == "SAME_UPPER");
  else if (kind != "VALID")
    throw Error("attribute 'auto_pad' is ", quote(kind), ", NOTSET, SAME_UPPER, SAME_LOWER or VALID is needed");
  Shape result = w.pads_begin;
  result.insert(result.end(), w.pads_end.begin(), w.pads_end.end());
  if (std::ranges::any_of(pads, [](std::int64_t p) { return p > 0; }) && pads != result)
    throw Error("attribute 'auto_pad' is ", quote(kind), ", which pads by ", result, ", and 'pads' is ", pads, ": they contradict each other");
}

}  // namespace

Shape kernel_shape(const NodeView& node) {
  const std::size_t n = spatial(node);
  if (node.integers("kernel_shape").empty()) throw Error("attribute 'kernel_shape' is missing");
  return entries(node, "kernel_shape", n, 1, 1);
}

Window read_window(const NodeView& node, const Shape& kernel, bool ceil) {
  Window w = read_steps(node, kernel);
  const Shape& x = node.shape(0);
  read_pads(node, w);
  w.declared_end = w.pads_end;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const std::int64_t size = x[i + 2], free = size + w.pads_begin[i] + w.pads_end[i] - reach(w, i);
    if (free < 0)
      throw Error("X is ", x, ", padded by ", w.pads_begin, " and ", w.declared_end, ": a window of ", kernel, " with dilations ", w.dilations,
                  " does not fit");
    std::int64_t positions = free / w.strides[i] + 1;
    if (ceil && free % w.strides[i] != 0 && positions * w.strides[i] < size + w.pads_begin[i]) ++positions;
    w.pads_end[i] = std::max(w.pads_end[i], (positions - 1) * w.strides[i] + reach(w, i) - size - w.pads_begin[i]);
    w.output.push_back(positions);
  }
  return w;
}

Window read_transposed(const NodeView& node, const Shape& kernel) {
  Window w = read_steps(node, kernel);
  const Shape& x = node.shape(0);
  const std::size_t n = kernel.size();
  const Shape pads = entries(node, "pads", 2 * n, 0, 0), given = entries(node, "output_shape", n, 1, 0);
  Shape more = entries(node, "output_padding", n, 0, 0);
  const std::string kind = node.text("auto_pad", "NOTSET");
  const bool same = kind == "SAME_UPPER" || kind == "SAME_LOWER";
  if (!same && kind != "NOTSET" && kind != "VALID") throw Error("attribute 'auto_pad' is ", quote(kind), ", NOTSET, SAME_UPPER, SAME_LOWER or VALID is needed");
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t full = (x[i + 2] - 1) * w.strides[i] + reach(w, i) + more[i];
    std::int64_t begin = kind == "NOTSET" ? pads[i] : 0, end = kind == "NOTSET" ? pads[n + i] : 0;
    if (given[i] > 0 || same) {
      const std::int64_t cut = full - (given[i] > 0 ? given[i] : x[i + 2] * w.strides[i]), all = std::max<std::int64_t>(cut, 0);
      begin = kind == "SAME_UPPER" ? all / 2 : all - all / 2;
      end = all - begin;
      more[i] += std::max<std::int64_t>(-cut, 0);
    }
    w.pads_begin.push_back(begin);
    w.pads_end.push_back(end);
    w.output.push_back((x[i + 2] - 1) * w.strides[i] + reach(w, i) + more[i] - begin - end);
    if (more[i] >= w.strides[i]) throw Error("Y would be padded by ", more[i], " behind along axis ", i + 2, ", which must be under the stride ", w.strides[i]);
    if (w.output[i] < 1) throw Error("X is ", x, ", the padding ", begin, " and ", end, " leaves nothing of Y along axis ", i + 2);
  }
  w.declared_end = w.pads_end;
  return w;
}

Shape output_shape(const Shape& x, std::int64_t channels, const Window& window) {
  Shape out{x[0], channels};
  out.insert(out.end(), window.output.begin(), window.output.end());
  return out;
}

std::vector<std::int64_t> places(const Window& w, std::size_t axis, std::int64_t size, std::int64_t before, std::int64_t behind) {
  std::vector<std::int64_t> out;
  const std::int64_t step = w.dilations[axis];
  for (std::int64_t o = 0; o < w.output[axis]; ++o) {
    const std::int64_t start = o * w.strides[axis] - w.pads_begin[axis];
    const std::int64_t first = start >= -before ? 0 : (-before - start + step - 1) / step, room = size + behind - 1 - start;
    const std::int64_t last = std::min(w.kernel[axis] - 1, room < 0 ? -1 : room / step);
    out.push_back(std::max<std::int64_t>(0, last - first + 1));
  }
  return out;
}

}  // namespace lehr
