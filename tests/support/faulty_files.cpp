// Loaded in front of the program (LD_PRELOAD): the N-th call that changes a file fails, or the process dies in it.
//   LEHR_FAULT=kill:17     SIGKILL in call 17, a write half done
//   LEHR_FAULT=term:17     SIGTERM in call 17, which then goes on; int:17 SIGINT
//   LEHR_FAULT=enospc:5    call 5 and all after it that need room fail with ENOSPC (enospc-once: that one)
//   LEHR_FAULT=eio:5       call 5 fails with EIO
//   LEHR_FAULT=short:3     every third write writes half
//   LEHR_FAULT=eintr:3     every third write fails with EINTR
//   LEHR_FAULT=count:FILE  writes how many calls there were into FILE at the end
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {
std::atomic<long> calls{0};
struct Fault {
  std::string kind, argument;
  long at = 0;
  Fault() {
    if (const char* text = std::getenv("LEHR_FAULT")) {
      const std::string all = text;
      kind = all.substr(0, all.find(':')), argument = all.substr(all.find(':') + 1), at = std::atol(argument.c_str());
    }
  }
  ~Fault() {
    if (kind != "count") return;
    if (std::FILE* out = std::fopen(argument.c_str(), "w")) std::fprintf(out, "%ld\n", calls.load()), std::fclose(out);
  }
};
Fault& fault() {
  static Fault one;
  return one;
}
[[gnu::constructor]] void begin() { fault(); }

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

bool regular(int fd) {
  struct stat info {};
  return fd > 2 && ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

// Counts the call; true: it fails, with errno set. half: it is to write half and go on, or die.
bool fails(bool needs_room, bool& half, bool write = false) {
  const long n = ++calls;
  const Fault& f = fault();
  half = false;
  if (f.kind == "kill" && n == f.at) return half = true, false;
  if (f.kind == "term" && n == f.at) ::kill(::getpid(), SIGTERM);
  if (f.kind == "int" && n == f.at) ::kill(::getpid(), SIGINT);
  if (f.kind == "enospc" && n >= f.at && needs_room) return errno = ENOSPC, true;
  if (f.kind == "enospc-once" && n == f.at && needs_room) return errno = ENOSPC, true;
  if (f.kind == "eio" && n == f.at) return errno = EIO, true;
  if (f.kind == "short" && f.at > 0 && n % f.at == 0) return half = true, false;
  if (f.kind == "eintr" && write && f.at > 0 && n % f.at == 0) return errno = EINTR, true;
  return false;
}
void die() {
  if (fault().kind == "kill") ::kill(::getpid(), SIGKILL);
}
}  // namespace

extern "C" {
ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (!regular(fd)) return real(fd, data, size);
  bool half = false;
  if (fails(true, half, true)) return -1;
  const ssize_t n = real(fd, data, half && size > 1 ? size / 2 : size);
  if (half) die();
  return n;
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  if (!regular(fd)) return real(fd, data, size, at);
  bool half = false;
  if (fails(true, half, true)) return -1;
  const ssize_t n = real(fd, data, half && size > 1 ? size / 2 : size, at);
  if (half) die();
  return n;
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }
int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  bool half = false;
  if (fails(false, half)) return -1;
  if (half) die();
  return real(fd);
}
int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  bool half = false;
  if (fails(false, half)) return -1;
  if (half) die();
  return real(fd);
}
int ftruncate64(int fd, off64_t size) {
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  bool half = false;
  if (fails(true, half)) return -1;
  if (half) die();
  return real(fd, size);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int rename(const char* from, const char* to) {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  bool half = false;
  if (fails(false, half)) return -1;
  if (half) die();
  return real(from, to);
}
int unlink(const char* path) {
  static const auto real = next<int (*)(const char*)>("unlink");
  bool half = false;
  if (fails(false, half)) return -1;
  if (half) die();
  return real(path);
}
int open64(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open64");
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  if ((flags & O_CREAT) != 0) {
    bool half = false;
    if (fails(true, half)) return -1;
    if (half) die();
  }
  return real(path, flags, mode);
}
int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  return open64(path, flags, mode);
}
}
