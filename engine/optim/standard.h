#pragma once
#include "engine/optim/optimizer.h"

// One function a file: adds that family's optimizers.
namespace lehr {
void add_sgd(OptimizerTable&);
void add_adam(OptimizerTable&);  // adam, adamw
void add_adamax(OptimizerTable&);
void add_nadam(OptimizerTable&);
void add_radam(OptimizerTable&);
void add_belief(OptimizerTable&);  // adabelief, yogi
void add_rmsprop(OptimizerTable&);
void add_adagrad(OptimizerTable&);  // adagrad, adadelta
void add_adafactor(OptimizerTable&);
void add_lion(OptimizerTable&);
void add_sign(OptimizerTable&);  // sign_sgd, rprop
void add_lamb(OptimizerTable&);
void add_lars(OptimizerTable&);
void add_novograd(OptimizerTable&);
void add_muon(OptimizerTable&);
void add_ftrl(OptimizerTable&);
void add_asgd(OptimizerTable&);
void add_schedule_free(OptimizerTable&);  // schedule_free_sgd, schedule_free_adamw
void add_prodigy(OptimizerTable&);        // prodigy, dadapt_adamw
}  // namespace lehr
