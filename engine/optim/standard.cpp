#include "engine/optim/standard.h"

namespace lehr {

const OptimizerTable& standard_optimizers() {
  static const OptimizerTable table = [] {
    OptimizerTable t("optimizer");
    add_sgd(t);
    add_adam(t);
    add_adamax(t);
    add_nadam(t);
    add_radam(t);
    add_belief(t);
    add_rmsprop(t);
    add_adagrad(t);
    add_adafactor(t);
    add_lion(t);
    add_sign(t);
    add_lamb(t);
    add_lars(t);
    add_novograd(t);
    add_muon(t);
    add_ftrl(t);
    add_asgd(t);
    add_schedule_free(t);
    add_prodigy(t);
    return t;
  }();
  return table;
}

}  // namespace lehr
