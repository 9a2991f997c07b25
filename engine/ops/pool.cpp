// MaxPool and AveragePool: the largest element, the mean of a sliding window. GlobalAveragePool and GlobalMaxPool are reductions (reduce.cpp).
#include <algorithm>

#include "base/memory.h"
#include "engine/dnnl/pooling.h"
#include "engine/ops/families.h"
#include "engine/ops/primitive.h"
#include "engine/ops/window.h"

namespace lehr {

namespace {

class Pooling final : public Op {
 public:
  Pooling(const NodeView& node, onednn::Pool kind, const Window& window) {
    const Shape& x = node.shape(0);
    spec_ = {kind, x, output_shape(x, x[1], window), window.kernel, window.strides, window.dilations, window.pads_begin, window.pads_end};
    check_memory(static_cast<double>(elements(spec_.y)) * sizeof(float), cat("the result of ", spec_.y));
    for (std::size_t i = 0; i < window.kernel.size(); ++i) {
      const auto inside = places(window, i, x[i + 2], 0, 0);
      if (const auto none = std::ranges::find(inside, 0); none != inside.end())
        throw Error("X is ", x, ", padded by ", window.pads_begin, " and ", window.declared_end, ": window ", none - inside.begin(), " along axis ", i + 2,
                    " holds no element of X");
    }
    if (kind == onednn::Pool::average_padded) read_correction(window);
  }
  std::vector<TensorType> infer() const override { return {{Dtype::f32, spec_.y}}; }

  void forward(Emit& e) const override {
    const bool train = e.mode() == Mode::train;
    const auto p = onednn::pooling(spec_, train);
    const Buffer x = e.in(0), y = e.out(0);
    std::vector<Buffer> addresses{x, y}, writes{y};
    if (p.layouts.size() > 2) {
      addresses.push_back(e.keep({Dtype::boolean, {static_cast<std::int64_t>(p.layouts[2].bytes())}}, "places"));
      writes.push_back(addresses.back());
      e.memo() = addresses.back();
    }
    emit_prepared(e, {what(), {}, flops()}, p, addresses, {x}, std::move(writes));
    if (!correction_.empty()) correct(e, y, y);
  }

  void backward(Emit& e) const override {
    Buffer dy = e.grad_out(0);
    if (!correction_.empty()) {
      const Buffer corrected = e.keep({Dtype::f32, spec_.y}, "dY corrected");
      correct(e, dy, corrected);
      dy = corrected;
    }
    const Target t = e.grad_in(0);
    std::vector<Operand> operands{{"dY", dy}, {"dX", t.buffer, true, t.add}};
    const auto p = onednn::pooling_data(spec_);
    if (p.layouts.size() > 2) operands.push_back({"places", std::any_cast<Buffer>(e.memo())});
    Copies copies;
    emit_primitive(e, {what() + " dX", {}, flops()}, p, operands, copies);
  }

 private:
  std::string what() const { return spec_.kind == onednn::Pool::max ? "max pool" : "average pool"; }
  double flops() const { return static_cast<double>(elements(spec_.y)) * static_cast<double>(elements(spec_.kernel)); }

  // The primitive divides by all places of a window; those behind the padding the file asks for, where ceil_mode reaches, do not count.
  void read_correction(const Window& w) {
    std::vector<float> all{1};
    bool needed = false;
    for (std::size_t i = 0; i < w.kernel.size(); ++i) {
      std::vector<float> next;
      const auto counted = places(w, i, spec_.x[i + 2], w.pads_begin[i], w.declared_end[i]);
      for (const float before : all)
        for (const std::int64_t n : counted) {
          next.push_back(before * static_cast<float>(w.kernel[i]) / static_cast<float>(n));
          needed = needed || n != w.kernel[i];
        }
      all = std::move(next);
    }
    if (needed) correction_ = std::move(all);
  }
  // to = from times the correction of each position; to may be from.
  void correct(Emit& e, Buffer from, Buffer to) const {
    const auto inner = static_cast<std::int64_t>(correction_.size());
    const Buffer factors = e.constant(Tensor(Shape{inner}, std::span<const float>(correction_)));
    e.step({what() + " count", "own", static_cast<double>(elements(spec_.y))}, {from, factors}, {to},
           [=, planes = elements(spec_.y) / inner](const Memory& m) -> Run {
             return [=, a = m.f32(from), b = m.f32(to), f = m.f32(factors)] {
               for (std::int64_t p = 0; p < planes; ++p)
                 for (std::int64_t i = 0; i < inner; ++i) b[p * inner + i] = a[p * inner + i] * f[i];
             };
           });
  }

  onednn::PoolingSpec spec_;
  std::vector<float> correction_;  // one for each position, empty: all 1
};

bool ceil_mode(const NodeView& node) { return node.integer("ceil_mode", 0) != 0; }

std::unique_ptr<Op> max_pool(const NodeView& node) {
  node.need_inputs(1, 1);
  if (node.wants_output(1)) throw Error("the output Indices of a MaxPool is not supported");
  return std::make_unique<Pooling>(node, onednn::Pool::max, read_window(node, kernel_shape(node), ceil_mode(node)));
}

std::unique_ptr<Op> average_pool(const NodeView& node) {
  node.need_inputs(1, 1);
  const Window window = read_window(node, kernel_shape(node), ceil_mode(node));
  return std::make_unique<Pooling>(node, node.integer("count_include_pad", 0) != 0 ? onednn::Pool::average_padded : onednn::Pool::average, window);
}

}  // namespace

void add_pool(OpTable& table) {
  for (const int version : {1, 8, 10, 11, 12, 22}) table.add("MaxPool", version, max_pool);
  for (const int version : {1, 7, 10, 11, 19, 22}) table.add("AveragePool", version, average_pool);
}

}  // namespace lehr
