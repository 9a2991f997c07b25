#pragma once
#include <any>
#include <map>

#include "engine/plan/emit.h"
#include "engine/plan/plan.h"
#include "engine/plan/typing.h"

namespace lehr {

// A stretch of memory a plan uses. Arena: shares bytes with buffers whose life does not overlap; pinned: its own bytes;
// outside: an address in Weights.
struct BufferInfo {
  enum class Kind { arena, pinned, outside } kind = Kind::arena;
  TensorType type;
  std::size_t size = 0;         // bytes
  std::string name;
  int first = -1, last = -1;    // steps that touch it
  std::size_t offset = 0;       // arena, pinned
  std::byte* outside = nullptr;
  std::shared_ptr<const Tensor> content = nullptr;  // constants
};

struct StepRecord {
  std::size_t node;
  Work work;
  std::vector<Buffer> reads, writes;
  Bind bind;
  bool backward = false, once = false;
};

// Gives every arena buffer an offset: biggest first, lowest free place among those alive at the same time. Returns the arena's size.
std::size_t lay_out(std::vector<BufferInfo>& buffers);

struct Plan::Impl {
  std::vector<BufferInfo> buffers;
  std::vector<StepRecord> records;  // forward then backward, without those run once
  std::vector<std::string> node_names;
  std::vector<std::byte*> addresses;
  AlignedBytes memory;
  std::vector<Run> forward, backward;
  std::map<std::string, Buffer, std::less<>> inputs;
  struct Output {
    Buffer buffer;     // shared with other values where an operator only renames the shape
    TensorType type;
  };
  std::map<ValueId, Output> outputs;
  Buffer loss, loss_gradient;
  std::uint64_t seed = 0;
  float dropout = -1;
  Company company;
  std::int64_t batch = 0;
  std::size_t arena = 0;
  const Weights* weights = nullptr;
  Memory memory_view() const { return Memory(addresses); }
};

// Lowers a typed graph: asks each operator for its steps, forward then backward, and keeps the books.
class Planner {
 public:
  Planner(const Graph& graph, const OpTable& table, const Weights& weights, const CompileOptions& options);
  Plan run();

 private:
  friend class Emit;
  Buffer add(BufferInfo info);
  Buffer value_buffer(ValueId id);
  void emit_forward();
  void find_wanted();
  void emit_backward();
  void bind(Plan::Impl& plan);
  bool once(const Node& node) const;

  const Graph& graph_;
  const Weights& weights_;
  CompileOptions options_;
  TypedGraph typed_;
  std::unique_ptr<Plan::Impl> plan_;
  std::vector<StepRecord> steps_;
  std::vector<Buffer> value_, gradient_;      // per value
  std::vector<bool> written_, requires_grad_, requested_, constant_;
  std::vector<int> uses_;
  std::vector<std::any> memo_;                // per node
  bool backward_ = false, once_ = false, alias_taken_ = false;
};

}  // namespace lehr
