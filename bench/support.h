#pragma once
#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/plan/weights.h"
#include "engine/train/trainer.h"

namespace lehr::bench {

// Floats in [-1,1), 64-byte aligned, a pure function of n and the seed.
class Noise {
 public:
  explicit Noise(std::int64_t n, std::uint64_t seed = 1);
  float* data() const { return reinterpret_cast<float*>(bytes_.data()); }
  std::span<float> span() const { return {data(), bytes_.size() / sizeof(float)}; }

 private:
  AlignedBytes bytes_;
};

// widths {784, 512, 10}: Gemm layers with ReLU between them and softmax cross-entropy on class indices behind the last.
TrainGraph classifier(const std::vector<std::int64_t>& widths);
// Rows for it: noise and class indices.
Dataset noisy_classes(std::int64_t rows, std::int64_t features, std::int64_t classes);

using Call = std::function<void()>;

// One iteration is a block of calls of `ours`, then as many of `rival`, each block about a fifth of a millisecond or one call.
// The time reported is the mean of a call of ours; counters are medians over the blocks: ours_us, rival_us, and ratio = ours / rival,
// which other load on the machine moves least. Use with UseManualTime().
void against(benchmark::State& state, const Call& ours, const Call& rival, const std::string& rival_name = "rival");
// Median seconds of a call, over `blocks` blocks.
double median_seconds(const Call& call, int blocks = 15);

// Where a pass's time goes: a counter for every step of the plan, the median microseconds of its runs within whole passes (the
// clock's own 30 ns or so included). Use with UseManualTime(): the time is the sum.
void report_profile(benchmark::State& state, Plan& plan);

// A folder of its own under the system's temporary one, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

// The benchmark reports the Error and does nothing more.
void guarded(benchmark::State& state, const std::function<void()>& body);

}  // namespace lehr::bench
