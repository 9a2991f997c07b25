#include "engine/dnnl/convolution.h"

#include "engine/dnnl/detail.h"

namespace lehr::onednn {

namespace {

using Forward = dnnl::convolution_forward;
constexpr auto direct = dnnl::algorithm::convolution_direct;

struct Descs {
  dnnl::memory::desc x, w, b, y;
  Shape dilates;  // 0: none

  explicit Descs(const ConvolutionSpec& s) : x(any(s.x)), b(plain({s.y[1]})), y(any(s.y)), dilates(s.dilations) {
    Shape dims = s.w;
    if (s.group > 1) {
      dims[0] /= s.group;
      dims.insert(dims.begin(), s.group);
    }
    w = any(dims);
    for (auto& d : dilates) --d;
  }
};

// Of training in evaluation too, so that both compute the same bits.
Forward::primitive_desc forward_desc(const ConvolutionSpec& s, const Descs& d, bool bias) {
  constexpr auto kind = dnnl::prop_kind::forward_training;
  const auto attr = user_scratchpad();
  if (bias) return {cpu(), kind, direct, d.x, d.w, d.b, d.y, s.strides, d.dilates, s.pads_begin, s.pads_end, attr};
  return {cpu(), kind, direct, d.x, d.w, d.y, s.strides, d.dilates, s.pads_begin, s.pads_end, attr};
}

std::string what(const char* part, const ConvolutionSpec& s) { return cat("the ", part, " of a convolution of ", s.x, " with ", s.w); }

}  // namespace

Prepared convolution(const ConvolutionSpec& spec, bool bias) {
  return guarded(what("result", spec), [&] {
    const Descs d(spec);
    const auto pd = forward_desc(spec, d, bias);
    std::vector<Argument> arguments{{DNNL_ARG_SRC, pd.src_desc()}, {DNNL_ARG_WEIGHTS, pd.weights_desc()}, {DNNL_ARG_DST, pd.dst_desc()}};
    if (bias) arguments.push_back({DNNL_ARG_BIAS, d.b});
    return prepare(Forward(pd), pd, std::move(arguments));
  });
}

Prepared convolution_data(const ConvolutionSpec& spec) {
  return guarded(what("input gradient", spec), [&] {
    const Descs d(spec);
    const dnnl::convolution_backward_data::primitive_desc pd(cpu(), direct, d.x, d.w, d.y, spec.strides, d.dilates, spec.pads_begin, spec.pads_end,
                                                             forward_desc(spec, d, false), user_scratchpad());
    return prepare(dnnl::convolution_backward_data(pd), pd,
                   {{DNNL_ARG_DIFF_DST, pd.diff_dst_desc()}, {DNNL_ARG_WEIGHTS, pd.weights_desc()}, {DNNL_ARG_DIFF_SRC, pd.diff_src_desc()}});
  });
}

Prepared convolution_weights(const ConvolutionSpec& spec, bool bias) {
  return guarded(what("weight gradient", spec), [&] {
    using Backward = dnnl::convolution_backward_weights;
    const Descs d(spec);
    const auto hint = forward_desc(spec, d, bias);
    const auto attr = user_scratchpad();
    const auto pd = bias ? Backward::primitive_desc(cpu(), direct, d.x, d.w, d.b, d.y, spec.strides, d.dilates, spec.pads_begin, spec.pads_end, hint, attr)
                         : Backward::primitive_desc(cpu(), direct, d.x, d.w, d.y, spec.strides, d.dilates, spec.pads_begin, spec.pads_end, hint, attr);
    std::vector<Argument> arguments{{DNNL_ARG_SRC, pd.src_desc()}, {DNNL_ARG_DIFF_DST, pd.diff_dst_desc()}, {DNNL_ARG_DIFF_WEIGHTS, pd.diff_weights_desc()}};
    if (bias) arguments.push_back({DNNL_ARG_DIFF_BIAS, d.b});
    return prepare(Backward(pd), pd, std::move(arguments));
  });
}

}  // namespace lehr::onednn
