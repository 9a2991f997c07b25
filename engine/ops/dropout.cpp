// Dropout. Active in Mode::train unless ratio is 0: y = x / (1 - ratio) where kept, else 0. Which elements are kept is a pure
// function of the step's seed, the name of the output and the element's place in the whole batch, so it does not depend on threads or processes.
#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/parallel.h"
#include "engine/plan/emit.h"

namespace lehr {

namespace {

// FNV-1a, 64 bits.
std::uint64_t hash(const std::string& text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

// What a ratio means: 32-bit words under drop_below drop their elements, the others are scaled.
struct Rate {
  explicit Rate(double ratio) : drop_below(static_cast<std::uint64_t>(std::llround(ratio * 0x1p32))), scale(1 / (1 - static_cast<float>(ratio))) {}
  std::uint64_t drop_below;
  float scale;
};

// mask[i] = 1 where element i is kept, for [begin, end); a node has its own substream. place: of element 0 in the whole batch's tensor.
void draw_mask(std::uint64_t node, std::uint64_t drop_below, std::uint64_t seed, std::uint8_t* mask, std::int64_t begin, std::int64_t end, std::int64_t place) {
  for (std::int64_t i = begin; i < end;) {
    const std::int64_t at = place + i, k = at % 4;
    const auto words = philox(seed, node, static_cast<std::uint64_t>(at) / 4);
    const std::int64_t n = std::min<std::int64_t>(4 - k, end - i);
    for (std::int64_t j = 0; j < n; ++j) mask[i + j] = words[static_cast<std::size_t>(k + j)] >= drop_below;
    i += n;
  }
}

class Dropout final : public Op {
 public:
  Dropout(const NodeView& node, float ratio) : type_(node.type(0)), ratio_(ratio) {
    need_float(node, 0);
    if (!(ratio_ >= 0 && ratio_ < 1)) throw Error("the ratio is ", ratio_, ", it must be in [0, 1)");
    node_ = hash(node.output_name(0));
    active_ = node.mode() == Mode::train && ratio_ > 0;
  }
  std::vector<TensorType> infer() const override { return {type_, {Dtype::boolean, type_.shape}}; }

  void forward(Emit& e) const override {
    if (!active_) {
      if (e.has_out(1)) all_kept(e);
      return e.alias_out();
    }
    const Buffer x = e.in(0), y = e.out(0), mask = e.has_out(1) ? e.out(1) : e.keep({Dtype::boolean, type_.shape}, "mask");
    e.memo() = mask;
    e.step({"dropout", "own", 2.0 * static_cast<double>(count())}, {x}, {y, mask},
           [=, id = node_, own = ratio_, n = count(), each = count() / e.rows(), threads = e.threads(), seed = e.seed(), other = e.dropout_ratio(),
            company = e.company()](const Memory& m) -> Run {
             return [=, px = m.f32(x), py = m.f32(y), pm = m.u8(mask)] {
               const Rate rate(*other < 0 ? own : *other);
               if (rate.drop_below == 0) {
                 std::memset(pm, 1, static_cast<std::size_t>(n));
                 if (n > 0) std::memcpy(py, px, static_cast<std::size_t>(n) * sizeof(float));
                 return;
               }
               in_quads(n, threads, [&](std::int64_t begin, std::int64_t end) {
                 draw_mask(id, rate.drop_below, *seed, pm, begin, end, company->first * each);
                 for (std::int64_t i = begin; i < end; ++i) py[i] = pm[i] ? px[i] * rate.scale : 0.0f;
               });
             };
           });
  }

  void backward(Emit& e) const override {
    if (!active_ && e.alias_grad()) return;
    const Buffer dy = e.grad_out(0), mask = active_ ? std::any_cast<Buffer>(e.memo()) : dy;
    const Target dx = e.grad_in(0);
    std::vector<Buffer> reads{dy, mask};
    if (dx.add) reads.push_back(dx.buffer);
    e.step({"dropout dX", "own", 2.0 * static_cast<double>(count())}, reads, {dx.buffer},
           [=, active = active_, own = ratio_, n = count(), other = e.dropout_ratio()](const Memory& m) -> Run {
             return [=, g = m.f32(dy), pm = m.u8(mask), to = m.f32(dx.buffer), add = dx.add] {
               const float by = active ? Rate(*other < 0 ? own : *other).scale : 1.0f;
               for (std::int64_t i = 0; i < n; ++i) {
                 const float d = !active || pm[i] ? g[i] * by : 0.0f;
                 to[i] = add ? to[i] + d : d;
               }
             };
           });
  }

 private:
  std::int64_t count() const { return elements(type_.shape); }
  void all_kept(Emit& e) const {
    const Buffer mask = e.out(1);
    e.step({"dropout mask", "own", 0}, {}, {mask}, [mask, n = count()](const Memory& m) -> Run {
      return [pm = m.u8(mask), n] { std::memset(pm, 1, static_cast<std::size_t>(n)); };
    });
  }
  // Pieces that begin at multiples of 4, one draw of the generator.
  template <class Body>
  static void in_quads(std::int64_t n, int threads, const Body& body) {
    in_parallel((n + 3) / 4, threads, 2048, [&](std::int64_t begin, std::int64_t end) { body(4 * begin, std::min(n, 4 * end)); });
  }

  TensorType type_;
  float ratio_;
  std::uint64_t node_ = 0;
  bool active_ = false;
};

std::unique_ptr<Op> by_attribute(const NodeView& node) {
  node.need_inputs(1, 1);
  return std::make_unique<Dropout>(node, node.real("ratio", 0.5f));
}
// training_mode does not matter: the plan's mode decides.
std::unique_ptr<Op> by_input(const NodeView& node) {
  node.need_inputs(1, 3);
  return std::make_unique<Dropout>(node, node.has(1) ? static_cast<float>(constant_scalar(node, 1, "the ratio")) : 0.5f);
}

}  // namespace

void add_dropout(OpTable& table) {
  for (const int version : {6, 7, 10}) table.add("Dropout", version, by_attribute);
  for (const int version : {12, 13, 22}) table.add("Dropout", version, by_input);
}

}  // namespace lehr
