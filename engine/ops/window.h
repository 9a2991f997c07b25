#pragma once
#include "engine/plan/op.h"

namespace lehr {

// The window that convolutions and poolings slide over X, one entry a spatial axis: position o lies on the elements
// o stride - pads_begin + k dilation, k < kernel, of which those outside X are padding.
struct Window {
  Shape kernel, strides, dilations, pads_begin;
  Shape pads_end;      // up to where the last position reaches, so that floor arithmetic gives `output`
  Shape declared_end;  // as the file says
  Shape output;        // positions
};

// X must be [N,C,…] of floats with one to three spatial axes. Reads strides, dilations, pads and auto_pad; `ceil`: a last window that
// reaches over the end counts too, unless it begins behind X (ceil_mode). Error where no window fits or the attributes do not.
Window read_window(const NodeView& node, const Shape& kernel, bool ceil);
// Of a transposed convolution: `output` is Y's size along each axis, (size - 1) stride + reach - pads + output_padding unless output_shape
// says it; every position of the window over Y is an element of X.
Window read_transposed(const NodeView& node, const Shape& kernel);
// The attribute kernel_shape, an entry for each spatial axis of X; Error where it is missing.
Shape kernel_shape(const NodeView& node);
// [N,channels,…]
Shape output_shape(const Shape& x, std::int64_t channels, const Window& window);

// For each position along `axis`: how many places of the window lie in [-before, size + behind).
std::vector<std::int64_t> places(const Window& window, std::size_t axis, std::int64_t size, std::int64_t before, std::int64_t behind);

}  // namespace lehr
