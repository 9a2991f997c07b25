#pragma once
#include "experiments/spec/vocabulary.h"

namespace lehr::run {
// The names an experiment file may use, from the engine's own tables.
const spec::Vocabulary& vocabulary();
}  // namespace lehr::run
