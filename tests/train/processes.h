#pragma once
#include <atomic>
#include <barrier>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "base/error.h"
#include "engine/plan/collective.h"

namespace lehr::test {

// Threads of this program as the processes of a Collective.
class Processes {
 public:
  explicit Processes(int count) : count_(count), meeting_(count), spans_(static_cast<std::size_t>(count)) {}
  int count() const { return count_; }

  // body(collective) once in each. Where a thread is through with it, by an exception or not, further sums of the others throw; rethrows the first rank's.
  void run(const std::function<void(Collective&)>& body) {
    std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(count_));
    std::vector<std::thread> threads;
    for (int rank = 0; rank < count_; ++rank)
      threads.emplace_back([&, rank] {
        Member member(*this, rank);
        try {
          body(member);
        } catch (...) {
          thrown[static_cast<std::size_t>(rank)] = std::current_exception();
        }
        left_ = true;
        meeting_.arrive_and_drop();
      });
    for (std::thread& t : threads) t.join();
    for (const auto& e : thrown)
      if (e) std::rethrow_exception(e);
  }
  long sums() const { return sums_; }  // that rank 0 made

 private:
  struct Member : Collective {
    Member(Processes& of, int at) : all(of), me(at) {}
    int processes() const override { return all.count_; }
    int rank() const override { return me; }
    void sum(std::span<float> each) override { add(each); }
    void sum(std::span<double> each) override { add(each); }
    template <class T>
    void add(std::span<T> each) {
      all.spans_[static_cast<std::size_t>(me)] = {each.data(), each.size(), sizeof(T)};
      all.meeting_.arrive_and_wait();
      if (all.left_) throw Error("a process has left");
      if (room.size() < each.size()) room.resize(each.size());
      for (const Terms& t : all.spans_)
        if (t.count != each.size() || t.size != sizeof(T)) throw Error("rank ", me, " sums ", each.size(), " numbers, another ", t.count);
      for (std::size_t i = 0; i < each.size(); ++i) {
        T total = 0;
        for (const Terms& t : all.spans_) total += static_cast<const T*>(t.data)[i];
        room[i] = total;
      }
      all.meeting_.arrive_and_wait();  // all have read
      for (std::size_t i = 0; i < each.size(); ++i) each[i] = static_cast<T>(room[i]);
      if (me == 0) ++all.sums_;
    }
    Processes& all;
    int me;
    std::vector<double> room;
  };
  struct Terms { const void* data = nullptr; std::size_t count = 0, size = 0; };

  int count_;
  std::barrier<> meeting_;
  std::vector<Terms> spans_;
  std::atomic<bool> left_ = false;
  std::atomic<long> sums_ = 0;
};

}  // namespace lehr::test
