#pragma once

namespace lehr::onednn {

// Calls body(context, i) for i in [0, count), spread over the OpenMP team the primitives use, and returns when all are done.
// No allocation.
void parallel(int count, void (*body)(void* context, int i), void* context);

}  // namespace lehr::onednn
