// For the preset tsan, in front of the program (LD_PRELOAD): libgomp is not built for ThreadSanitizer, which therefore takes what the threads of a team write for a
// race with what is done before and after the region. This tells it what GOMP_parallel promises: all that came before the region is seen in it, all of it after it.
#include <dlfcn.h>

extern "C" {
// Of the sanitizer's runtime; absent in a program without it.
[[gnu::weak]] void __tsan_acquire(void* at);
[[gnu::weak]] void __tsan_release(void* at);
void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags);
}

namespace {
struct TeamCall {
  void (*body)(void*);
  void* data;
  char begin = 0, end = 0;  // their addresses are what is waited for
};

void ordered_body(void* given) {
  auto& call = *static_cast<TeamCall*>(given);
  if (__tsan_acquire) __tsan_acquire(&call.begin);
  call.body(call.data);
  if (__tsan_release) __tsan_release(&call.end);
}
}  // namespace

void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags) {
  static const auto real = reinterpret_cast<decltype(&GOMP_parallel)>(::dlsym(RTLD_NEXT, "GOMP_parallel"));
  TeamCall call{body, data};
  if (__tsan_release) __tsan_release(&call.begin);
  real(ordered_body, &call, threads, flags);
  if (__tsan_acquire) __tsan_acquire(&call.end);
}
