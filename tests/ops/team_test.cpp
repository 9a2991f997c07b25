#include <omp.h>

#include <thread>

#include "engine/dnnl/prepared.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
int region() {
  int size = 0;
#pragma omp parallel
#pragma omp master
  size = omp_get_num_threads();
  return size;
}
// In a thread of its own: what is set there ends with it.
template <class Body>
void apart(const Body& body) {
  std::thread(body).join();
}
}  // namespace

TEST_CASE("a thread's teams have the size that was asked for, whatever was set before", "[ops][threads]") {
  for (const int wanted : {1, 2, 3}) {
    int given = 0, told = 0, ran = 0;
    apart([&] {
      omp_set_dynamic(1);
      given = onednn::team(wanted);
      onednn::set_threads(wanted);
      told = onednn::threads(), ran = region();
    });
    INFO(wanted);
    CHECK(given == wanted);
    CHECK(told == wanted);
    CHECK(ran == wanted);
  }
  int given = 0;
  std::string refused;
  apart([&] {
    omp_set_max_active_levels(0);
    given = onednn::team(2);
    try {
      onednn::set_threads(2);
    } catch (const std::exception& error) {
      refused = error.what();
    }
  });
  CHECK(given == 1);
  CHECK_THAT(refused, test::contains("a team of 1 thread where 2 were asked for"));
}

TEST_CASE("a thread that never asked has the default team", "[ops][threads]") {
  int told = 0, ran = 0, usual = 0;
  apart([&] { usual = onednn::default_threads(), told = onednn::threads(), ran = region(); });
  CHECK(told == usual);
  CHECK(ran == usual);
}

TEST_CASE("parked threads leave teams as they are, and leave when they are let go", "[ops][threads]") {
  onednn::set_threads(2);
  for (int repeat = 0; repeat < 3; ++repeat) {
    const onednn::Parked parked(2);
    CHECK(region() == 2);
    if (omp_get_num_procs() <= 64) CHECK(parked.count() == std::max(2, omp_get_num_procs()));
  }
  const onednn::BusyWatch idle(1), watch(2);
  CHECK(region() == 2);
  onednn::set_threads(1);
}
