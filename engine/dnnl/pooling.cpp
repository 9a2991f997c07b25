#include "engine/dnnl/pooling.h"

#include "engine/dnnl/detail.h"

namespace lehr::onednn {

namespace {

using Forward = dnnl::pooling_forward;

dnnl::algorithm algorithm(Pool kind) {
  switch (kind) {
    case Pool::average:
      return dnnl::algorithm::pooling_avg_exclude_padding;
    case Pool::average_padded:
      return dnnl::algorithm::pooling_avg_include_padding;
    default:
      return dnnl::algorithm::pooling_max;
  }
}

Shape dilates(const PoolingSpec& s) {
  Shape out = s.dilations;
  for (auto& d : out) --d;
  return out;
}

Forward::primitive_desc forward_desc(const PoolingSpec& s, bool train) {
  const auto kind = train ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  return {cpu(), kind, algorithm(s.kind), plain(s.x), plain(s.y), s.strides, s.kernel, dilates(s), s.pads_begin, s.pads_end, user_scratchpad()};
}

std::string what(const char* part, const PoolingSpec& s) { return cat("the ", part, " of pooling ", s.x, " with a window of ", s.kernel); }

}  // namespace

Prepared pooling(const PoolingSpec& spec, bool train) {
  return guarded(what("result", spec), [&] {
    const auto pd = forward_desc(spec, train);
    std::vector<Argument> arguments{{DNNL_ARG_SRC, pd.src_desc()}, {DNNL_ARG_DST, pd.dst_desc()}};
    if (train && spec.kind == Pool::max) arguments.push_back({DNNL_ARG_WORKSPACE, pd.workspace_desc()});
    return prepare(Forward(pd), pd, std::move(arguments));
  });
}

Prepared pooling_data(const PoolingSpec& spec) {
  return guarded(what("input gradient", spec), [&] {
    const auto hint = forward_desc(spec, true);
    const dnnl::pooling_backward::primitive_desc pd(cpu(), algorithm(spec.kind), plain(spec.x), plain(spec.y), spec.strides, spec.kernel, dilates(spec),
                                                    spec.pads_begin, spec.pads_end, hint, user_scratchpad());
    std::vector<Argument> arguments{{DNNL_ARG_DIFF_DST, pd.diff_dst_desc()}, {DNNL_ARG_DIFF_SRC, pd.diff_src_desc()}};
    if (spec.kind == Pool::max) arguments.push_back({DNNL_ARG_WORKSPACE, hint.workspace_desc()});
    return prepare(dnnl::pooling_backward(pd), pd, std::move(arguments));
  });
}

}  // namespace lehr::onednn
