#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/plan/collective.h"
#include "engine/plan/op.h"

namespace lehr {

struct Buffer {
  int id = -1;
  bool operator==(const Buffer&) const = default;
};
struct Target {
  Buffer buffer;
  bool add = false;  // another consumer wrote first: add to what is there
};

// Final addresses. All 64-byte aligned.
class Memory {
 public:
  explicit Memory(const std::vector<std::byte*>& addresses) : addresses_(addresses) {}
  std::byte* at(Buffer b) const { return addresses_.at(static_cast<std::size_t>(b.id)); }
  float* f32(Buffer b) const { return reinterpret_cast<float*>(at(b)); }
  std::int64_t* i64(Buffer b) const { return reinterpret_cast<std::int64_t*>(at(b)); }
  std::uint8_t* u8(Buffer b) const { return reinterpret_cast<std::uint8_t*>(at(b)); }

 private:
  const std::vector<std::byte*>& addresses_;
};

using Run = std::function<void()>;                // every step: no look-up, no allocation, no lock
using Bind = std::function<Run(const Memory&)>;   // once, when addresses are final; captures nothing that dies before the plan is bound

// What a step is, for explain and profile.
struct Work {
  std::string what;      // "gemm dW", …; the planner adds the node
  std::string impl;      // "own:avx3", "brg_matmul:avx512_core", "loop"
  double flops = 0;
};

class Planner;

// An operator's whole world while it is lowered. Lifetimes, addresses and fan-out are the planner's business.
class Emit {
 public:
  Mode mode() const;
  bool batch_statistics() const;                        // CompileOptions::batch_statistics, in Mode::train
  bool unbiased_variance() const;                       // CompileOptions::unbiased_variance
  int threads() const;                                  // OpenMP threads the plan will run with
  const TensorType& type_in(std::size_t i) const;
  const TensorType& type_out(std::size_t i) const;
  bool has_in(std::size_t i) const;
  bool has_out(std::size_t i) const;                    // declared and used by somebody or asked for

  Buffer in(std::size_t i) const;                       // in backward too: the planner keeps it alive
  Buffer out(std::size_t i) const;

  bool wants(std::size_t i) const;                      // does a parameter upstream need d(in i)? never compute a gradient nobody wants
  bool has_grad(std::size_t i) const;                   // did anybody write d(out i)? (an unused output has none)
  Buffer grad_out(std::size_t i) const;                 // complete when backward() runs
  Target grad_in(std::size_t i);                        // call once per wanted input, and write it

  Buffer keep(const TensorType& type, const std::string& name);  // lives from its first write to its last read: masks, statistics
  Buffer temp(std::size_t bytes);                       // lives during the one step that lists it as written: scratchpads
  Buffer constant(const Tensor& tensor);                // filled when compiling, never written
  const std::uint64_t* seed() const;                    // stable address; the trainer writes a new value before each step. Who asks runs each
                                                        // time, even on constants
  const float* dropout_ratio() const;                   // stable address; below 0: each Dropout's own ratio holds, else this one in its place
  const Company* company() const;                       // stable address; others: whose sums the statistics of a batch are, else null
  std::int64_t rows() const;                            // of the plan's batch
  std::int64_t whole_rows() const;                      // of the smallest batch they are a share of; those themselves where they are all
  std::any& memo();                                     // what forward leaves for backward

  void alias_out(std::size_t i = 0);                    // out 0 is in i under another shape: same bytes, no step (dtypes must agree)
  bool alias_grad(std::size_t i = 0);                   // d(in i) becomes d(out 0), same bytes: true if done, then no step is needed;
                                                        // false: take grad_in(i) and copy or add

  void step(Work work, std::vector<Buffer> reads, std::vector<Buffer> writes, Bind bind);

 private:
  friend class Planner;
  Emit(Planner& planner, std::size_t node) : planner_(planner), node_(node) {}
  Planner& planner_;
  std::size_t node_;
};

}  // namespace lehr
