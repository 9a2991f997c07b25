#include <algorithm>

#include "base/rng.h"
#include "engine/plan/planner.h"
#include "tests/plan/net.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
std::vector<BufferInfo> random_buffers(Random& random) {
  std::vector<BufferInfo> out(1 + random.below(40));
  for (BufferInfo& b : out) {
    b.kind = random.below(8) == 0 ? BufferInfo::Kind::pinned : BufferInfo::Kind::arena;
    b.size = random.below(6) == 0 ? 0 : 1 + random.below(2000);
    b.offset = 12345;
    if (random.below(10) == 0) continue;  // never touched
    b.first = static_cast<int>(random.below(30));
    b.last = b.first + static_cast<int>(random.below(12));
  }
  return out;
}
bool placed(const BufferInfo& b) { return b.kind == BufferInfo::Kind::arena && b.first >= 0; }
std::size_t rounded(std::size_t size) { return (std::max<std::size_t>(size, 1) + 63) / 64 * 64; }

// Reads bytes nobody wrote.
class Leak final : public Op {
 public:
  explicit Leak(const NodeView&) {}
  std::vector<TensorType> infer() const override { return {{Dtype::f32, {4}}}; }
  void forward(Emit& e) const override {
    const Buffer never = e.keep({Dtype::f32, {4}}, "never"), out = e.out(0);
    e.step({"leak", "test", 0}, {never}, {out}, [never, out](const Memory& m) -> Run {
      return [from = m.f32(never), to = m.f32(out)] { std::copy_n(from, 4, to); };
    });
  }
};
}  // namespace

TEST_CASE("buffers alive at the same time share no byte", "[plan]") {
  Random random(1, Stream::data);
  for (int round = 0; round < 2000; ++round) {
    auto buffers = random_buffers(random);
    const std::size_t total = lay_out(buffers);
    std::size_t all = 0, peak = 0;
    for (const BufferInfo& b : buffers) {
      if (!placed(b)) {
        CHECK(b.offset == 12345);
        continue;
      }
      all += rounded(b.size);
      if (b.offset % 64 != 0 || b.offset + rounded(b.size) > total) FAIL("a place of " << b.size << " bytes at " << b.offset << " of " << total);
      for (const BufferInfo& other : buffers)
        if (&b != &other && placed(other) && b.first <= other.last && other.first <= b.last)
          if (b.offset < other.offset + rounded(other.size) && other.offset < b.offset + rounded(b.size))
            FAIL("two live buffers at " << b.offset << " and " << other.offset);
    }
    for (int at = 0; at < 45; ++at) {
      std::size_t live = 0;
      for (const BufferInfo& b : buffers)
        if (placed(b) && b.first <= at && at <= b.last) live += rounded(b.size);
      peak = std::max(peak, live);
    }
    REQUIRE(total >= peak);
    REQUIRE(total <= all);
  }
}

TEST_CASE("a chain needs room for two neighbours only", "[plan]") {
  std::vector<BufferInfo> chain(10);
  for (int i = 0; i < 10; ++i)
    chain[static_cast<std::size_t>(i)].size = 640, chain[static_cast<std::size_t>(i)].first = i, chain[static_cast<std::size_t>(i)].last = i + 1;
  CHECK(lay_out(chain) == 2 * 640);
  std::vector<BufferInfo> none;
  CHECK(lay_out(none) == 0);
}

TEST_CASE("evaluation needs less of the arena than training", "[plan]") {
  Net net;
  ValueId h = net.rows("x", 64);
  for (int i = 0; i < 8; ++i)
    h = net.node("Tanh", {net.node("Gemm", {h, net.parameter(cat("w", i), {64, 64}, std::vector<float>(4096, 0.01f))}, cat("a", i))}, cat("h", i));
  const ValueId loss = net.sum(h);
  CompileOptions options = training(loss, {}, 32);
  const std::size_t train = Trained(net.graph, options).plan.arena_bytes();
  options.mode = Mode::evaluate;
  const std::size_t evaluate = Trained(net.graph, options).plan.arena_bytes(), one = 32 * 64 * sizeof(float);
  CHECK(evaluate <= 3 * one);
  CHECK(train >= 8 * one);
}

#ifdef LEHR_DEBUG
TEST_CASE("debug builds show what is read before it is written", "[plan]") {
  OpTable table = standard_ops();
  table.add("test.Leak", [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Leak>(node); });
  Net net;
  const ValueId y = net.node("Leak", {net.rows("x", 4)}, "y", {}, 1, "test");
  Trained t(net.graph, [&] { CompileOptions o; o.outputs = {y}; return o; }(), table);
  t.plan.forward();
  for (const float v : t.output(y)) CHECK(v != v);
  CHECK(t.plan.first_bad() == "y");
}
#endif
