#include "engine/dnnl/matmul.h"

#include "engine/dnnl/detail.h"

namespace lehr::onednn {

namespace {
dnnl::algorithm algorithm(PostOp post) {
  switch (post) {
    case PostOp::tanh: return dnnl::algorithm::eltwise_tanh;
    case PostOp::logistic: return dnnl::algorithm::eltwise_logistic;
    case PostOp::elu: return dnnl::algorithm::eltwise_elu;
    default: return dnnl::algorithm::eltwise_relu;
  }
}
}  // namespace

Prepared matmul(const MatmulSpec& spec) {
  return guarded(cat("a matrix product of ", spec.a, " and ", spec.b), [&] {
    const auto desc = [](const Shape& dims, const Shape& given) { return strided(dims, given.empty() ? strides(dims) : given); };
    const auto a = desc(spec.a, spec.a_strides), b = desc(spec.b, spec.b_strides), c = desc(spec.c, spec.c_strides);
    Shape bias_dims(spec.c.size(), 1);
    bias_dims.back() = spec.c.back();
    const auto bias = plain(bias_dims);

    auto attr = user_scratchpad();
    dnnl::post_ops post;
    if (spec.alpha != 1) post.append_eltwise(dnnl::algorithm::eltwise_linear, spec.alpha, 0);
    if (spec.add) post.append_sum(1);
    if (spec.post != PostOp::none) post.append_eltwise(algorithm(spec.post), spec.post_alpha, 0);
    attr.set_post_ops(post);

    using Desc = dnnl::matmul::primitive_desc;
    const Desc pd = spec.bias ? Desc(cpu(), a, b, bias, c, attr) : Desc(cpu(), a, b, c, attr);
    std::vector<Argument> arguments{{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}};
    if (spec.bias) arguments.push_back({DNNL_ARG_BIAS, bias});
    return prepare(dnnl::matmul(pd), pd, std::move(arguments));
  });
}

}  // namespace lehr::onednn
