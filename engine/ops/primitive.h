#pragma once
#include <string>
#include <vector>

#include "engine/dnnl/prepared.h"
#include "engine/plan/emit.h"

namespace lehr {

// The one step that runs `p` on `addresses`, its scratchpad added; p names the implementation.
void emit_prepared(Emit& e, Work work, const onednn::Prepared& p, const std::vector<Buffer>& addresses, std::vector<Buffer> reads, std::vector<Buffer> writes);

// A row-major buffer a primitive reads or writes; `add`: adds to.
struct Operand {
  std::string name;  // for explain: "dY"
  Buffer buffer;
  bool written = false, add = false;
};

// Copies of row-major buffers in the layouts primitives asked for. Kept from forward to backward (Emit::memo), a copy is made once.
struct Copies {
  struct Copy {
    Buffer of, copy;
    onednn::Layout layout;
  };
  std::vector<Copy> made;
};

// Runs `p` on row-major operands: a step before it for each one read in another layout, a step behind it for each one written in
// another layout or added to.
void emit_primitive(Emit& e, Work work, const onednn::Prepared& p, const std::vector<Operand>& operands, Copies& copies);

}  // namespace lehr
