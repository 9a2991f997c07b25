#include "tests/train/allocations.h"

#include <link.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<long> count{0};

// Where the code of oneDNN lies: an execution of its primitives makes small objects of its own.
struct Range {
  std::uintptr_t begin = 0, end = 0;
};
int find(dl_phdr_info* info, std::size_t, void* out) {
  if (std::strstr(info->dlpi_name, "libdnnl") == nullptr) return 0;
  auto& range = *static_cast<Range*>(out);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) range = {info->dlpi_addr + part.p_vaddr, info->dlpi_addr + part.p_vaddr + part.p_memsz};
  }
  return 1;
}
Range library() {
  Range range;
  dl_iterate_phdr(find, &range);
  return range;
}

}  // namespace

static void* counted(std::size_t size, const void* from) {
  static const Range theirs = library();
  const auto caller = reinterpret_cast<std::uintptr_t>(from);
  if (caller < theirs.begin || caller >= theirs.end) ++count;
  return std::malloc(size ? size : 1);
}

void* operator new(std::size_t size) {
  if (void* p = counted(size, __builtin_return_address(0))) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size, __builtin_return_address(0)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace lehr::test {
long allocations() { return count; }
}  // namespace lehr::test
