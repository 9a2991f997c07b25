#include "engine/dnnl/detail.h"

namespace lehr::onednn {

namespace {
Prepared reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to, bool add) {
  return guarded(cat("a reorder of ", from.get_dims()), [&] {
    auto attr = user_scratchpad();
    if (add) {
      dnnl::post_ops post;
      post.append_sum(1);
      attr.set_post_ops(post);
    }
    const dnnl::reorder::primitive_desc pd(cpu(), from, cpu(), to, attr);
    return prepare(dnnl::reorder(pd), pd, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  });
}
}  // namespace

bool Layout::row_major() const { return desc_->md == plain(desc_->md.get_dims(), desc_->md.get_data_type()); }
std::size_t Layout::bytes() const { return desc_->md.get_size(); }
bool Layout::operator==(const Layout& other) const { return desc_->md == other.desc_->md; }

Prepared unpack(const Layout& layout, bool add) { return reorder(layout.desc().md, plain(layout.desc().md.get_dims()), add); }
Prepared pack(const Layout& layout) { return reorder(plain(layout.desc().md.get_dims()), layout.desc().md, false); }

}  // namespace lehr::onednn
