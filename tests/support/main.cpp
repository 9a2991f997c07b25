#define LEHR_CATCH_MAIN
#include "tests/support/catch.h"

#include <cstdio>

namespace {
std::size_t passed = 0, failed = 0;

#if LEHR_CATCH >= 3
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif

struct Counter : ListenerBase {
  using ListenerBase::ListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    passed = stats.totals.testCases.passed;
    failed = stats.totals.testCases.failed;
    ListenerBase::testRunEnded(stats);
  }
};
CATCH_REGISTER_LISTENER(Counter)
}  // namespace

// The last line is the count of test cases: "335 passed, 0 failed".
int main(int argc, char** argv) {
  const int code = Catch::Session().run(argc, argv);
  std::printf("%zu passed, %zu failed\n", passed, failed);
  return code;
}
