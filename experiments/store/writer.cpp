#include "experiments/store/writer.h"

namespace lehr::store {

namespace {
constexpr std::size_t most = 4 << 20;  // bytes waiting
constexpr std::chrono::milliseconds tick{500}, pause{500}, patience{10'000}, lasting{1000};
}  // namespace

Writer::Writer(Store store) : store_(std::move(store)), thread_([this] { work(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Writer::refuse() const {
  if (!failed_.empty()) throw Error(failed_).code(Exit::failed);
}

void Writer::hand(std::size_t bytes, Record record) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return bytes_ < most || !failed_.empty(); });
  refuse();
  waiting_.push_back(std::move(record));
  bytes_ += bytes;
  if (bytes_ >= most / 2) wake_.notify_all();
}

void Writer::flush() {
  std::unique_lock lock(mutex_);
  flush_ = true;
  wake_.notify_all();
  room_.wait(lock, [&] { return (waiting_.empty() && !busy_) || !failed_.empty(); });
  flush_ = false;
  refuse();
}

std::string Writer::close() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  refuse();
  if (wal_ && !store_.database().journal("delete"))
    return "another program has the run's store open: it stays in two files (run.db, run.db-wal) until the next command that writes it";
  return "";
}

void Writer::work() {
  std::unique_lock lock(mutex_);
  std::deque<Record> records;
  while (true) {
    wake_.wait_for(lock, tick, [&] { return end_ || flush_ || bytes_ >= most / 2; });
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    if (waiting_.empty()) {
      room_.notify_all();
      if (end_) return;
      if (flush_) wake_.wait_for(lock, tick, [&] { return end_ || !flush_ || !waiting_.empty(); });
      continue;
    }
    records.swap(waiting_);
    bytes_ = 0, busy_ = true;
    // A run that lasts has readers: they see the last commit and hold nothing up. A short one is done with one journal.
    if (!wal_ && !end_ && std::chrono::steady_clock::now() - begin_ >= lasting) {
      lock.unlock();
      try {
        wal_ = store_.database().journal("wal");
      } catch (const Error&) {  // what is wrong shows in the commit
      }
      lock.lock();
    }
    room_.notify_all();
    commit(records, lock);
    records.clear();
    busy_ = false;
    room_.notify_all();
    if (!failed_.empty()) return;
  }
}

void Writer::commit(std::deque<Record>& records, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::string reason;
  bool hopeless = false;
  for (const auto begin = std::chrono::steady_clock::now(); !hopeless;) {
    try {
      Transaction transaction(store_.database());
      for (const Record& record : records) record(store_);
      transaction.commit();
      store_.clean();
      return lock.lock();
    } catch (const DatabaseError& error) {
      reason = error.what();
      hopeless = !error.full || std::chrono::steady_clock::now() - begin > patience;
    } catch (const std::exception& error) {
      reason = error.what();
      hopeless = true;
    }
    if (!hopeless) {
      lock.lock();
      hopeless = wake_.wait_for(lock, pause, [&] { return end_; }) && std::chrono::steady_clock::now() - begin > pause;
      lock.unlock();
    }
  }
  lock.lock();
  failed_ = cat("the run cannot be stored any further: ", reason, " (what was stored before is whole; `lehr resume` goes on from there)");
}

}  // namespace lehr::store
