#pragma once
#include "engine/optim/optimizer.h"

// One function a file: adds that family's optimizers.
namespace lehr {
void add_sgd(OptimizerTable&);
void add_adam(OptimizerTable&);  // adam, adamw
void add_adamax(OptimizerTable&);
void add_nadam(OptimizerTable&);
void add_radam(OptimizerTable&);
void add_rmsprop(OptimizerTable&);
void add_adagrad(OptimizerTable&);  // adagrad, adadelta
void add_lion(OptimizerTable&);
void add_lamb(OptimizerTable&);
void add_lars(OptimizerTable&);
}  // namespace lehr
