#include "engine/dnnl/team.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/processors.h"
#include "engine/dnnl/detail.h"
#include "engine/spin/spin.h"

namespace lehr::onednn {

namespace {
thread_local bool held = false;

[[gnu::constructor]] void after_start() { forget_spin_variable(); }
}  // namespace

int team(int threads) {
  omp_set_dynamic(0);
  int asked = std::max(threads, 1);
  for (;;) {
    if (asked == 1) return 1;
    int given = 0;
#pragma omp parallel num_threads(asked)
#pragma omp master
    given = omp_get_num_threads();
    if (given >= asked) return asked;
    asked = std::max(given, 1);
  }
}

void set_threads(int threads) {
  const int given = team(threads);
  if (given < threads)
    throw Error("the OpenMP runtime gives a team of ", given, given == 1 ? " thread" : " threads", " where ", threads, " were asked for (OMP_THREAD_LIMIT is ",
                omp_get_thread_limit(), ", OMP_MAX_ACTIVE_LEVELS is ", omp_get_max_active_levels(), ")")
        .code(Exit::failed);
  omp_set_num_threads(given);
  held = true;
}

int default_threads() {
  const int most = omp_get_max_threads();
  return team(std::getenv("OMP_NUM_THREADS") ? most : std::min(most, static_cast<int>(processors().team())));
}

void hold() {
  if (!held) set_threads(default_threads());
}

int threads() {
  hold();
  return omp_get_max_threads();
}

}  // namespace lehr::onednn
