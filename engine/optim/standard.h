#pragma once
#include "engine/optim/optimizer.h"

// One function a file: adds that family's optimizers.
namespace lehr {
void add_sgd(OptimizerTable&);
void add_adam(OptimizerTable&);  // adam, adamw
}  // namespace lehr
