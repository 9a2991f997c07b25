#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/plan/collective.h"
#include "engine/plan/emit.h"
#include "engine/plan/weights.h"

namespace lehr {

struct CompileOptions {
  std::int64_t batch = 1;             // replaces every symbolic first dimension (and a baked-in one the rebatch pass freed)
  Mode mode = Mode::train;
  std::vector<ValueId> outputs;       // values the caller reads; empty: the graph's outputs
  ValueId loss = no_value;            // scalar to differentiate; no_value: no backward
  bool accumulate = false;            // parameter gradients are added to: the caller clears them
  bool batch_statistics = true;       // Mode::train: BatchNormalization uses the batch's statistics and updates its averages
  bool unbiased_variance = false;     // the running variance moves by n/(n-1) of the batch's, as torch's does; ONNX: by the batch's own
  int threads = 1;                    // OpenMP threads the plan is made for
  Collective* collective = nullptr;   // the batch is a process' share of one; it must outlive the plan
  std::int64_t least_whole = 0;       // rows of the smallest batch it is a share of; with a collective
};

// A compiled graph: a list of prepared steps over one arena. Not copyable; bound to its Weights, which must outlive it.
// forward(), backward() and the accessors do not allocate.
class Plan {
 public:
  struct Impl;
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  void forward();
  void backward();                                     // after forward(); writes (or adds to) the gradients in Weights
  std::span<float> input_f32(std::string_view name);   // [batch, …] row-major, to be filled before forward()
  std::span<std::int64_t> input_i64(std::string_view name);
  std::span<std::uint8_t> input_truth(std::string_view name);  // 0 or 1, of a boolean input
  std::span<const float> output_f32(ValueId value) const;  // valid until the next forward()
  std::span<const std::int64_t> output_i64(ValueId value) const;
  const TensorType& type(ValueId value) const;         // of an output
  std::vector<std::string> input_names() const;
  const TensorType& input_type(std::string_view name) const;
  float loss() const;
  void loss_gradient(float value);                     // d(loss) fed to backward(): 1 unless set (1/k under accumulation)
  std::uint64_t& seed();                               // dropout's key for the next step
  void dropout(std::optional<double> ratio);           // in [0, 1): of every Dropout that has one above 0; absent: the nodes' own again
  // With CompileOptions::collective, before a step: where in the whole batch its rows are; no rows: it counts for nothing (see Company).
  void share(const RowShare& share);
  std::int64_t batch() const;

  std::size_t arena_bytes() const;
  // One line a step: node, what, implementation, shapes, FLOPs, arena offset.
  std::string explain() const;
  struct StepInfo { std::string node, what, impl; double flops; bool backward; };
  std::vector<StepInfo> steps() const;
  // Seconds of one run of each step, in the order of steps(): the median over `repeats` runs of the whole plan.
  std::vector<double> profile(int repeats);
  // Name of the first value among outputs of steps (in order of execution) holding a NaN or an infinity, "" if none. Allocates. Runs the plan step by step,
  // without the other processes.
  std::string first_bad();

 private:
  friend class Planner;
  explicit Plan(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

Plan compile(const Graph& graph, const OpTable& table, const Weights& weights, const CompileOptions& options);

// Types of all values at a batch size, without lowering: index = ValueId; absent where nothing leads to it.
// Every problem of every node is collected: `problems` has one sentence with its frame each; throws nothing for a bad node.
struct Typing {
  std::vector<std::optional<TensorType>> types;
  std::vector<std::shared_ptr<const Tensor>> constants;  // folded ones
  std::vector<std::string> problems;
};
Typing type_graph(const Graph& graph, const OpTable& table, std::int64_t batch, Mode mode, std::span<const ValueId> wanted);

}  // namespace lehr
