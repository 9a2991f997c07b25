#include <omp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/dnnl/team.h"
#include "engine/spin/spin.h"

namespace lehr::onednn {

namespace {
using namespace std::chrono_literals;
constexpr auto look_every = 250ms;
constexpr double frequent = 20;    // a second: an idle machine takes a processor away less than ten times, a busy one more than fifty
constexpr std::chrono::milliseconds least_stay = 1000ms, longest_stay = 16000ms;
constexpr int most_parked = 64;

long taken_away() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}
}  // namespace

// The parking thread is the first of its team; all of it sleeps until `open`.
struct Parked::Lot {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::thread thread;
};

Parked::Parked(int threads) {
  const int needed = std::max(2, omp_get_num_procs() - threads + 2);
  if (needed > most_parked || needed > omp_get_thread_limit()) return;
  count_ = needed;
  lot_ = std::make_unique<Lot>();
  lot_->thread = std::thread([lot = lot_.get(), needed] {
    omp_set_dynamic(0);
#pragma omp parallel num_threads(needed)
    {
      std::unique_lock lock(lot->mutex);
      lot->changed.wait(lock, [&] { return lot->open; });
    }
  });
}

Parked::~Parked() {
  if (!lot_) return;
  {
    const std::lock_guard lock(lot_->mutex);
    lot_->open = true;
  }
  lot_->changed.notify_all();
  lot_->thread.join();  // its team goes with it
}

struct BusyWatch::Watching {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::jthread thread;
};

BusyWatch::BusyWatch(int threads) {
  if (threads < 2 || spin_setting().count == 0) return;
  watching_ = std::make_unique<Watching>();
  watching_->thread = std::jthread([threads, w = watching_.get()](const std::stop_token& stop) {
    using Time = std::chrono::steady_clock;
    std::optional<Parked> parked;
    std::chrono::milliseconds stay = least_stay;
    auto at = Time::now(), busy = at;
    long before = taken_away();
    std::unique_lock lock(w->mutex);
    while (!w->ended.wait_for(lock, stop, look_every, [&] { return stop.stop_requested(); })) {
      const auto now = Time::now();
      const long all = taken_away();
      const double rate = static_cast<double>(all - before) / std::chrono::duration<double>(now - at).count();
      before = all, at = now;
      if (rate > frequent) {
        // Back soon after the last time: the load is one that stays.
        if (!parked) stay = now - busy < 2 * stay ? std::min(2 * stay, longest_stay) : least_stay, parked.emplace(threads);
        busy = now;
      } else if (parked && now - busy > stay) {
        parked.reset(), busy = now;
      }
    }
  });
}

BusyWatch::~BusyWatch() = default;

}  // namespace lehr::onednn
