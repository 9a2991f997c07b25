#include "base/threads.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("every index is given out once", "[base]") {
  for (const std::size_t workers : {0u, 1u, 2u, 5u, 64u})
    for (const std::size_t count : {0u, 1u, 3u, 1000u}) {
      INFO(workers << " workers, " << count << " indices");
      std::vector<std::atomic<int>> seen(count);
      std::atomic<std::size_t> highest{0}, disorder{0};
      std::vector<std::size_t> last(std::max<std::size_t>(workers, 1), 0);
      run_on(workers, count, [&](std::size_t worker, std::size_t index) {
        ++seen[index];
        if (worker > highest) highest = worker;
        disorder += index + 1 <= last.at(worker);
        last[worker] = index + 1;
      });
      for (const auto& times : seen) CHECK(times == 1);
      CHECK(disorder == 0);
      CHECK(highest < std::max<std::size_t>(workers, 1));
    }
}

TEST_CASE("one worker is the caller's thread, several are others", "[base]") {
  const auto self = std::this_thread::get_id();
  run_on(1, 5, [&](std::size_t, std::size_t) { CHECK(std::this_thread::get_id() == self); });
  run_on(8, 1, [&](std::size_t, std::size_t) { CHECK(std::this_thread::get_id() == self); });
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::atomic<int> arrived{0};
  run_on(3, 3, [&](std::size_t, std::size_t) {
    ++arrived;
    while (arrived < 3) std::this_thread::yield();  // only three threads at once get past
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() == 3);
}

TEST_CASE("the first exception stops the hand-out and comes out", "[base]") {
  for (const std::size_t workers : {1u, 3u}) {
    INFO(workers);
    std::atomic<std::size_t> calls{0};
    std::string what;
    try {
      run_on(workers, 100000, [&](std::size_t, std::size_t index) {
        ++calls;
        if (index == 10) throw Error("index ", index);
        while (index > 10 && index < 10 + workers && calls < 11) std::this_thread::yield();
      });
    } catch (const Error& error) {
      what = error.what();
    }
    CHECK(what == "index 10");
    if (workers == 1) CHECK(calls == 11);
    else CHECK(calls < 100000);
  }
  CHECK_THROWS_AS(run_on(2, 2, [](std::size_t, std::size_t) { throw std::bad_alloc(); }), std::bad_alloc);
}

TEST_CASE("a process has at least one core", "[base]") {
  CHECK(cores() >= 1);
  CHECK(cores() <= std::max(1u, std::thread::hardware_concurrency()));
}

#if defined(__SSE2__)
TEST_CASE("denormals are flushed in the thread that asked for it", "[base]") {
  const auto halved = [] {
    volatile float smallest = 1.17549435e-38f;
    return smallest * 0.5f;
  };
  float flushed = 1;
  std::thread([&] {
    flush_denormals();
    flushed = halved();
  }).join();
  CHECK(flushed == 0);
  CHECK(halved() > 0);
}
#endif

TEST_CASE("parts are taken and given in one order, whatever the number of workers", "[base]") {
  for (const std::size_t workers : {0u, 1u, 2u, 5u})
    for (const int count : {0, 1, 3, 500}) {
      INFO(workers << " workers, " << count << " parts");
      std::vector<int> at(std::max<std::size_t>(workers, 1)), given;
      int next = 0;
      in_order(workers, {[&](std::size_t w) { return next < count && (at[w] = next++, true); }, [&](std::size_t w) { at[w] *= 2; },
                         [&](std::size_t w) { return given.push_back(at[w]), true; }});
      REQUIRE(given.size() == static_cast<std::size_t>(count));
      for (int i = 0; i < count; ++i) CHECK(given[static_cast<std::size_t>(i)] == 2 * i);
    }
}

TEST_CASE("of parts that fail the earliest is told, and none behind it is given", "[base]") {
  for (const std::size_t workers : {1u, 2u, 5u})
    for (const char* where : {"take", "work", "give", "end"}) {
      INFO(workers << " workers, " << where);
      constexpr int bad = 17;
      const std::string stage = where;
      std::vector<int> at(workers);
      int next = 0, given = 0;
      const auto fail = [&](int part, const std::string& here) {
        if (part >= bad && here == stage) throw Error(here, " ", part);
      };
      const auto run = [&] {
        in_order(workers, {[&](std::size_t w) { return at[w] = next++, fail(at[w], "take"), true; }, [&](std::size_t w) { fail(at[w], "work"); },
                           [&](std::size_t w) { return fail(at[w], "give"), ++given, stage != "end" || at[w] + 1 < bad; }});
      };
      if (stage == "end") run();
      else CHECK_THROWS_WITH(run(), stage + " 17");
      CHECK(given == bad);
    }
}
