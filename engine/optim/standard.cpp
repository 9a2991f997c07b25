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
    add_rmsprop(t);
    add_adagrad(t);
    add_lion(t);
    add_lamb(t);
    add_lars(t);
    return t;
  }();
  return table;
}

}  // namespace lehr
