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

bool starts_with(const dnnl::primitive_desc_base& pd, std::string_view name) { return std::string_view(pd.impl_info_str()).starts_with(name); }

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
    using Backward = dnnl::convolution_backward_data;
    const Descs d(spec);
    const auto hint = forward_desc(spec, d, false);
    const auto made = [&](const dnnl::memory::desc& x, const dnnl::memory::desc& y, bool may_fail) {
      return Backward::primitive_desc(cpu(), direct, x, d.w, y, spec.strides, d.dilates, spec.pads_begin, spec.pads_end, hint, user_scratchpad(), may_fail);
    };
    auto pd = made(d.x, d.y, false);
    // Of a strided convolution the library's first choice is slow where channels are few: 249 us against 76 in blocks of 16 channels
    // (64x16x8x8 to 32 channels, 3x3, stride 2), 4.1 ms either way from 64 channels to 128; one thread, AVX-512, oneDNN 3.2.
    if (starts_with(pd, "brgconv_strided:avx512")) {
      constexpr dnnl::memory::format_tag blocks[] = {dnnl::memory::format_tag::nCw16c, dnnl::memory::format_tag::nChw16c, dnnl::memory::format_tag::nCdhw16c};
      const auto in_blocks = [&](const Shape& dims) { return dnnl::memory::desc(dims, dnnl::memory::data_type::f32, blocks[dims.size() - 3]); };
      if (auto other = made(in_blocks(spec.x), in_blocks(spec.y), true); other && starts_with(other, "jit")) pd = std::move(other);
    }
    return prepare(Backward(pd), pd, {{DNNL_ARG_DIFF_DST, pd.diff_dst_desc()}, {DNNL_ARG_WEIGHTS, pd.weights_desc()}, {DNNL_ARG_DIFF_SRC, pd.diff_src_desc()}});
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
