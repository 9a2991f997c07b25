#pragma once
#include <memory>

#include "engine/plan/op.h"

namespace lehr {

// v in the two's complement of `to`; the types of 64 bits keep it.
std::int64_t wrapped(std::int64_t v, Dtype to);

// Integer arithmetic keeps to the type the file gives the result: uint8 250 + 10 is 4. An operator whose integers cannot leave their range
// needs it not. Error: uint64, of which a plan holds values below 2^63 only.
std::unique_ptr<Op> wrapping(const NodeView& node, std::unique_ptr<Op> op);

}  // namespace lehr
