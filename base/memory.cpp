#include "base/memory.h"

#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "base/error.h"

namespace lehr {

void check_memory(double bytes, const std::string& what) {
  constexpr double gib = 1 << 30;
  const double has = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (bytes > has && has > 0)
    throw Error(what, " would take ", fixed(bytes / gib, 1), " GiB of memory, the machine has ", fixed(has / gib, 1)).code(Exit::mismatch);
}

void give_back_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

}  // namespace lehr
