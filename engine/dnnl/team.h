#pragma once
#include <memory>

namespace lehr::onednn {

// Primitives are made for a team of threads() threads and wait for every one of them: a region that the runtime gives fewer threads never ends. So
// nothing is made before the calling thread's teams are held: here, or with the default where a thread never asked (at its first primitive).

// How many of `threads` (at least 1) the runtime gives a region of the calling thread: asked by opening one. Fewer with OMP_THREAD_LIMIT or
// OMP_MAX_ACTIVE_LEVELS; OMP_DYNAMIC, by which a team shrinks while the machine is busy, is turned off in this thread.
int team(int threads);
// Holds the calling thread's teams to `threads`, for creation and execution. Throws Exit::failed where the runtime gives fewer.
void set_threads(int threads);
int threads();          // what the calling thread's teams have
int default_threads();  // what OMP_NUM_THREADS says, else one a core (Processors::team), as far as the runtime gives it

// While it lives, it looks four times a second how long threads of this process were ready to run and had no processor. Where that is much somebody else
// computes here, and a thread that spins keeps its partner from running: threads that wait then sleep almost at once, for a second or more at a time.
// Nothing but the waiting changes: teams stay, and with them the results. Does nothing for less than 2 threads, for more than there are processors, where
// the user chose how to wait, and where the system does not tell.
class BusyWatch {
 public:
  explicit BusyWatch(int threads);  // threads: of all teams that work at the same time
  ~BusyWatch();
  BusyWatch(const BusyWatch&) = delete;
  BusyWatch& operator=(const BusyWatch&) = delete;

 private:
  struct Watching;
  std::unique_ptr<Watching> watching_;
};

// Parks so many sleeping OpenMP threads that there are more than processors: libgomp then looks 100 times before a waiting thread sleeps, for as long as this
// lives. (It documents so for GOMP_SPINCOUNT.) false: too many would be needed, and nothing was done.
class Parked {
 public:
  explicit Parked(int threads);  // threads: as for BusyWatch
  ~Parked();
  Parked(const Parked&) = delete;
  Parked& operator=(const Parked&) = delete;
  int count() const { return count_; }

 private:
  struct Lot;
  int count_ = 0;
  std::unique_ptr<Lot> lot_;
};

}  // namespace lehr::onednn
