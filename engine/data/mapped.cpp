#include "engine/data/mapped.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace lehr {

namespace {
// A mapping, in a list that only grows: the handler of the signal walks it, so that nothing in it may be locked or freed. What is unmapped is used again.
struct Mapping {
  std::atomic<std::uintptr_t> begin = 0, end = 0;  // 0: none
  std::atomic<std::uintptr_t> lost = 0;            // the first byte that was read and is not there
  std::string path;                                // under `changing`
  Mapping* next = nullptr;
  bool holds(std::uintptr_t at) const { return begin.load() <= at && at < end.load(); }
};
std::atomic<Mapping*> mappings = nullptr;
std::atomic<int> lost_files = 0;
std::mutex changing;
struct sigaction before;
std::uintptr_t page_size = 0;

Mapping* mapping_of(std::uintptr_t at) {
  for (Mapping* m = mappings.load(); m; m = m->next)
    if (m->holds(at)) return m;
  return nullptr;
}

// A page behind the end of its file: zeros are put in its place, so that whoever reads it goes on, and finds out. Any other fault is as it was.
void on_bus_error(int, siginfo_t* info, void*) {
  const int error = errno;
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  Mapping* const m = info->si_code == BUS_ADRERR ? mapping_of(at) : nullptr;
  void* const page = reinterpret_cast<void*>(at / page_size * page_size);
  if (m && ::mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
    std::uintptr_t none = 0;
    if (m->lost.compare_exchange_strong(none, at)) ++lost_files;
  } else {
    ::sigaction(SIGBUS, &before, nullptr);
  }
  errno = error;
}

void watch() {
  page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &before);
}

void unmap(Mapping* m) {
  const std::lock_guard lock(changing);
  const std::uintptr_t begin = m->begin, end = m->end;
  if (m->lost.exchange(0) != 0) --lost_files;
  m->begin = m->end = 0;
  ::munmap(reinterpret_cast<void*>(begin), end - begin);
}
}  // namespace

MappedFile map_file(const std::filesystem::path& path) {
  static std::once_flag once;
  std::call_once(once, watch);
  const InputFile file(path);
  const auto size = static_cast<std::size_t>(file.size());
  if (size == 0) return {};
  const std::lock_guard lock(changing);
  Mapping* m = mappings;
  while (m && m->begin != 0) m = m->next;
  if (!m) {
    m = new Mapping;
    m->next = mappings, mappings = m;
  }
  m->path = path.string();
  const void* const at = file.map();
  const auto begin = reinterpret_cast<std::uintptr_t>(at);
  m->end = begin + size, m->begin = begin;
  return {std::shared_ptr<const void>(at, [m](const void*) { unmap(m); }), {static_cast<const char*>(at), size}};
}

void check_mapped() {
  if (lost_files.load(std::memory_order_acquire) == 0) return;
  const std::lock_guard lock(changing);
  for (const Mapping* m = mappings; m; m = m->next)
    if (const std::uintptr_t lost = m->lost; lost != 0)
      throw Error(quote(m->path), " was cut short while it was read: it had ", grouped(static_cast<long long>(m->end - m->begin)), " bytes, and byte ",
                  grouped(static_cast<long long>(lost - m->begin)), " is not there any more")
          .code(Exit::failed);
}

void leave_mapped(const void* bytes) {
  const std::lock_guard lock(changing);
  if (const Mapping* m = mapping_of(reinterpret_cast<std::uintptr_t>(bytes)))
    ::madvise(reinterpret_cast<void*>(m->begin.load()), m->end - m->begin, MADV_DONTNEED);
}

}  // namespace lehr
