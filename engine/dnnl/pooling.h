#pragma once
#include "base/shape.h"
#include "engine/dnnl/prepared.h"

namespace lehr::onednn {

// average divides by the elements of X under the window, average_padded by all places of the window.
enum class Pool { max, average, average_padded };

// X [N,C,…] to Y [N,C,…] with one to three spatial axes; one entry an axis in the rest. A dilation of 1 is none.
// pads_end must be such that exactly Y's positions fit; every window must hold an element of X.
struct PoolingSpec {
  Pool kind = Pool::max;
  Shape x, y, kernel, strides, dilations, pads_begin, pads_end;
};
// All row-major. A maximum keeps the place of each window's first largest element in an opaque workspace: where `train`.
Prepared pooling(const PoolingSpec& spec, bool train);  // addresses: X, Y, then the workspace
Prepared pooling_data(const PoolingSpec& spec);         // dY, dX, then the workspace

}  // namespace lehr::onednn
