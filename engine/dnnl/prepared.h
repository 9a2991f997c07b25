#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/dnnl/team.h"

namespace lehr::onednn {

// How the elements of one operand lie in memory; a value, cheap to copy. Every buffer of a plan is row-major, and an operator reorders
// at its edges where a primitive chose otherwise (engine/ops/primitive.h). For neighbours to hand a tensor over as both like it, the
// planner would keep one Layout per value, and the factories that choose now would be given those.
class Layout {
 public:
  struct Desc;  // the library's descriptor, engine/dnnl/detail.h
  explicit Layout(std::shared_ptr<const Desc> desc) : desc_(std::move(desc)) {}
  bool row_major() const;
  std::size_t bytes() const;  // with the padding of blocked layouts
  const Desc& desc() const { return *desc_; }
  bool operator==(const Layout& other) const;

 private:
  std::shared_ptr<const Desc> desc_;
};

// A created primitive. Each factory documents the order of the addresses bind() takes; the scratchpad is the caller's (`user` mode).
struct Prepared {
  std::string impl;               // the library's name of the implementation, "brg_matmul:avx512_core"
  std::size_t scratchpad = 0;     // bytes; 64-byte aligned memory the caller gives to bind()
  std::vector<Layout> layouts;    // what each address must hold
  // The returned call holds one argument array and executes the primitive: no look-up or allocation of ours.
  std::function<std::function<void()>(const std::vector<void*>& addresses, void* scratch)> bind;
};

// Addresses: an operand in `layout`, the same row-major; unpack adds to what is there where `add`.
Prepared unpack(const Layout& layout, bool add);
// Addresses: an operand row-major, the same in `layout`.
Prepared pack(const Layout& layout);

std::string version();            // "3.2.0"
std::string isa();                // effective instruction set, "avx512_core_bf16"

}  // namespace lehr::onednn
