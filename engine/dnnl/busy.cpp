#include <omp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "engine/dnnl/team.h"
#include "engine/spin/spin.h"

namespace lehr::onednn {

namespace {
using namespace std::chrono_literals;
constexpr auto look_every = 250ms;
// Of the time that passes, what all threads together are ready to run and do not. Measured with two threads on two processors: 0.01 to 0.02 on an idle
// machine, 0.4 to 0.9 beside one or two busy loops. (How often a thread is taken off its processor does not tell: 40 to 80 a second idle, 130 to 500 busy.)
constexpr double crowded = 0.15;
constexpr std::chrono::milliseconds least_stay = 1000ms, longest_stay = 16000ms;
constexpr int most_parked = 64;

// Nanoseconds that the threads of this process were ready and waited for a processor, as Linux counts them; 0 where it does not.
std::int64_t waited() {
  std::int64_t all = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator task("/proc/self/task", error), end; !error && task != end; task.increment(error)) {
    std::ifstream file(task->path() / "schedstat");
    std::int64_t ran = 0, wait = 0;
    if (file >> ran >> wait) all += wait;
  }
  return all;
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
  if (threads < 2 || threads > omp_get_num_procs() || spin_setting().count == 0) return;  // with more than processors libgomp does it by itself
  watching_ = std::make_unique<Watching>();
  watching_->thread = std::jthread([threads, w = watching_.get()](const std::stop_token& stop) {
    using Time = std::chrono::steady_clock;
    std::optional<Parked> parked;
    std::chrono::milliseconds stay = least_stay;
    auto at = Time::now(), busy = at;
    std::int64_t before = waited();
    std::unique_lock lock(w->mutex);
    while (!w->ended.wait_for(lock, stop, look_every, [&] { return stop.stop_requested(); })) {
      const auto now = Time::now();
      const std::int64_t all = waited();
      const double share = static_cast<double>(all - before) / static_cast<double>(std::chrono::nanoseconds(now - at).count());
      before = all, at = now;
      if (share > crowded) {
        // Back soon after the last time: the load is one that comes and goes.
        if (!parked) try {
            stay = now - busy < 2 * stay ? std::min(2 * stay, longest_stay) : least_stay;
            parked.emplace(threads);
          } catch (const std::system_error&) {  // no thread more is to be had here: the training waits as it did
            return;
          }
        busy = now;
      } else if (parked && now - busy > stay) {
        parked.reset(), busy = now;
      }
    }
  });
}

BusyWatch::~BusyWatch() = default;

}  // namespace lehr::onednn
