#pragma once
#include <filesystem>

namespace lehr::store {

// A run folder belongs to one process at a time. The kernel holds the lock and frees it with the process; what the file says is for readers on other hosts.
class Lock {
 public:
  // Error (Exit::usage) naming the process and its host where another one holds it; Exit::failed where the folder cannot be written.
  explicit Lock(const std::filesystem::path& folder);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  static constexpr const char* name = "run.lock";

 private:
  std::filesystem::path file_;
  int fd_ = -1;
};

}  // namespace lehr::store
