#pragma once
#include "engine/train/job.h"

namespace lehr {

// A loss of ours is a mean over rows, so that shares weighed by what their rows count for make the whole; a weighted sum of such losses is one, too. Labels of several
// places a row count by place. Error (Exit::mismatch) where the job's loss is no such mean.
void check_shared_loss(const Job& job);

}  // namespace lehr
