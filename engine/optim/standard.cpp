#include "engine/optim/standard.h"

namespace lehr {

const OptimizerTable& standard_optimizers() {
  static const OptimizerTable table = [] {
    OptimizerTable t("optimizer");
    add_sgd(t);
    add_adam(t);
    return t;
  }();
  return table;
}

}  // namespace lehr
