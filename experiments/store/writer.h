#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "experiments/store/store.h"

namespace lehr::store {

// The one thread that writes a run's store: what is handed over is committed in transactions, at the latest half a second later, in the order in which it came.
// Who hands over waits only where more than a few megabytes are waiting. Without room on the disk it tries again for a while, nothing lost; then every
// call throws what the reason is.
class Writer {
 public:
  using Record = std::function<void(Store&)>;
  explicit Writer(Store store);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void hand(std::size_t bytes, Record record);
  // Everything handed over is committed.
  void flush();
  // The same, and the store is left as a plain file that opens anywhere. A note where another program that reads it kept it from that, else "".
  std::string close();
  double seconds() const { return seconds_.load(std::memory_order_relaxed); }  // since it was made, to half a second
  // The store, between flush() and the next hand().
  Store& store() { return store_; }

 private:
  void work();
  void commit(std::deque<Record>& records, std::unique_lock<std::mutex>& lock);
  void refuse() const;

  Store store_;
  std::mutex mutex_;
  std::condition_variable wake_, room_;
  std::deque<Record> waiting_;
  std::size_t bytes_ = 0;
  bool flush_ = false, end_ = false, busy_ = false, wal_ = false;
  std::string failed_;
  std::atomic<double> seconds_{0};
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::thread thread_;
};

}  // namespace lehr::store
