#include "base/threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "base/processors.h"

namespace lehr {

std::size_t cores() { return processors().independent(); }

void run_on(std::size_t workers, std::size_t count, const std::function<void(std::size_t, std::size_t)>& job) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr first;
  std::mutex mutex;
  const auto work = [&](std::size_t worker) {
    for (std::size_t i; (i = next.fetch_add(1)) < count;) {
      try {
        job(worker, i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!first) first = std::current_exception();
        next = count;
      }
    }
  };
  workers = std::clamp<std::size_t>(workers, 1, std::max<std::size_t>(count, 1));
  if (workers == 1) {
    work(0);
  } else {
    std::vector<std::jthread> threads;
    for (std::size_t w = 0; w < workers; ++w) threads.emplace_back(work, w);
  }
  if (first) std::rethrow_exception(first);
}

void in_order(std::size_t workers, const PartStream& stream) {
  std::mutex taking, giving;
  std::condition_variable turn;
  std::size_t taken = 0, given = 0;  // under taking, under giving
  std::atomic<bool> ended = false;   // nothing more is taken
  bool stopped = false;              // nothing more is given
  workers = std::max<std::size_t>(workers, 1);
  run_on(workers, workers, [&](std::size_t worker, std::size_t) {
    for (;;) {
      std::size_t number = 0;
      std::exception_ptr failed;
      {
        const std::lock_guard lock(taking);
        if (ended) return;
        try {
          if (!stream.take(worker)) return void(ended = true);
        } catch (...) {
          failed = std::current_exception(), ended = true;
        }
        number = taken++;
      }
      if (!failed) try {
          stream.work(worker);
        } catch (...) {
          failed = std::current_exception();
        }
      std::unique_lock lock(giving);
      turn.wait(lock, [&] { return given == number || stopped; });
      if (stopped) return;
      bool more = false;
      if (!failed) try {
          more = stream.give(worker);
        } catch (...) {
          failed = std::current_exception();
        }
      ++given;
      if (!more) stopped = true, ended = true;
      turn.notify_all();
      if (failed) std::rethrow_exception(failed);
    }
  });
}

void flush_denormals() {
#if defined(__SSE2__)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // FTZ and DAZ
#endif
}

}  // namespace lehr
