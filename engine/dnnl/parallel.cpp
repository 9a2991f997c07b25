#include "engine/dnnl/parallel.h"

namespace lehr::onednn {

void parallel(int count, void (*body)(void*, int), void* context) {
#pragma omp parallel for schedule(static, 1)
  for (int i = 0; i < count; ++i) body(context, i);
}

}  // namespace lehr::onednn
