#pragma once
#include "engine/plan/op.h"

namespace lehr {
// Every operator the engine knows, by name and opset.
const OpTable& standard_ops();
}  // namespace lehr
