#include "bench/support.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/rng.h"
#include "graph/onnx/create.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"

namespace lehr::bench {

namespace {
using Clock = std::chrono::steady_clock;

double seconds_of(const Call& call, int times) {
  const auto start = Clock::now();
  for (int i = 0; i < times; ++i) call();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Calls that take about a fifth of a millisecond, at least one.
int block_of(const Call& call) {
  call();
  int times = 1;
  for (double taken = seconds_of(call, 1); taken < 1e-4; taken = seconds_of(call, times)) times *= 2;
  return times;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}
}  // namespace

Noise::Noise(std::int64_t n, std::uint64_t seed) : bytes_(static_cast<std::size_t>(n) * sizeof(float)) {
  Random random(seed, Stream::data);
  for (float& v : span()) v = static_cast<float>(2 * random.uniform() - 1);
}

TrainGraph classifier(const std::vector<std::int64_t>& widths) {
  std::vector<onnx::DenseLayer> layers;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    onnx::DenseLayer layer;
    layer.weight = Tensor({Dtype::f32, {widths[i + 1], widths[i]}});
    layer.bias = Tensor({Dtype::f32, {widths[i + 1]}});
    layer.activation = i + 2 < widths.size() ? "Relu" : "Softmax";
    layers.push_back(std::move(layer));
  }
  PrepareOptions options;
  options.losses.resize(1);
  options.losses.front().kind = LossKind::cross_entropy;
  Prepared prepared = prepare(onnx::read_model_bytes(onnx::make_mlp("mlp", layers), {}).graph, options);
  const Head& head = prepared.heads.front();
  const std::string target = prepared.graph.value(prepared.targets.front()).name;
  return {std::move(prepared.graph), prepared.loss, head.value, head.form == Form::logits, target};
}

Dataset noisy_classes(std::int64_t rows, std::int64_t features, std::int64_t classes) {
  Dataset data;
  data.source = "noise";
  data.rows = rows;
  const Noise noise(rows * features);
  data.features.push_back({"", {features}, Dtype::f32, {noise.span().begin(), noise.span().end()}, {}});
  data.target = {"target", {}, Dtype::i64, {}, {}};
  Random random(2, Stream::data);
  for (std::int64_t i = 0; i < rows; ++i) data.target.i64.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(classes))));
  for (std::int64_t i = 0; i < classes; ++i) data.classes.push_back(cat(i));
  return data;
}

void against(benchmark::State& state, const Call& ours, const Call& rival, const std::string& rival_name) {
  const int our_block = block_of(ours), rival_block = block_of(rival);
  std::vector<double> a, b;
  for ([[maybe_unused]] auto _ : state) {
    a.push_back(seconds_of(ours, our_block) / our_block);
    b.push_back(seconds_of(rival, rival_block) / rival_block);
    state.SetIterationTime(a.back());
  }
  const double mine = median(a), theirs = median(b);
  state.counters["ours_us"] = 1e6 * mine;
  state.counters[rival_name + "_us"] = 1e6 * theirs;
  state.counters["ratio"] = mine / theirs;
}

double median_seconds(const Call& call, int blocks) {
  const int block = block_of(call);
  std::vector<double> times;
  for (int i = 0; i < blocks; ++i) times.push_back(seconds_of(call, block) / block);
  return median(times);
}

void report_profile(benchmark::State& state, Plan& plan) {
  const auto steps = plan.steps();
  for ([[maybe_unused]] auto _ : state) {
    const auto seconds = plan.profile(200);
    double total = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      state.counters[cat(i < 10 ? "0" : "", i, steps[i].backward ? " bwd " : " fwd ", steps[i].what, " ", steps[i].impl)] = 1e6 * seconds[i];
      total += seconds[i];
    }
    state.SetIterationTime(total);
  }
}

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "lehr-bench-XXXXXX").string();
  if (!mkdtemp(name.data())) throw Error("no temporary folder could be made in ", std::filesystem::temp_directory_path().string());
  folder_ = name;
}
Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void guarded(benchmark::State& state, const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    state.SkipWithError(std::string(error.what()).c_str());
  }
}

}  // namespace lehr::bench
