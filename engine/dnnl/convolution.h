#pragma once
#include "base/shape.h"
#include "engine/dnnl/prepared.h"

namespace lehr::onednn {

// Y[n,m,o] = sum over c, k of X[n,c,o stride - pads_begin + k dilation] W[m,c,k] + B[m], in `group` blocks of channels.
// X [N,C,…], W [M,C/group,…], Y [N,M,…] with one to three spatial axes; one entry an axis in the rest. A dilation of 1 is none.
// pads_end must be such that exactly Y's positions fit.
struct ConvolutionSpec {
  Shape x, w, y;
  std::int64_t group = 1;
  Shape strides, dilations, pads_begin, pads_end;
};
// The layouts of X, W and Y and of their gradients are the library's choice; B and dB are row-major.
Prepared convolution(const ConvolutionSpec& spec, bool bias);          // addresses: X, W, Y, then B
Prepared convolution_data(const ConvolutionSpec& spec);                // dY, W, dX
Prepared convolution_weights(const ConvolutionSpec& spec, bool bias);  // X, dY, dW, then dB

}  // namespace lehr::onednn
