#include "engine/spin/spin.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace lehr {

namespace {
SpinSetting setting;

long now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000L + t.tv_nsec;
}

// Picoseconds of one look as libgomp takes it: a load and the processor's hint that this is a loop that waits, whose length differs tenfold between processors.
long look() {
  constexpr long looks = 100;
  long least = 1'000'000'000;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const long start = now();
    for (long i = 0; i < looks; ++i) {
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#else
      __asm volatile("" ::: "memory");
#endif
    }
    least = std::min(least, (now() - start) * 1000 / looks);
  }
  return std::max(least, 200L);
}

[[gnu::constructor]] void set() {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) return;
  const long each = look();
  setting.count = std::clamp(spin_nanoseconds * 1000 / each, 100L, 300'000L);
  setting.nanoseconds = setting.count * each / 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%ld", setting.count);
  ::setenv("GOMP_SPINCOUNT", text, 0);
}
}  // namespace

const SpinSetting& spin_setting() { return setting; }

void forget_spin_variable() {
  if (setting.count > 0) ::unsetenv("GOMP_SPINCOUNT");
}

}  // namespace lehr
