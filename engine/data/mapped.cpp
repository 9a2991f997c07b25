#include "engine/data/mapped.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace lehr {

namespace {
struct Descriptor {
  int fd;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Error unreadable(const std::filesystem::path& path, const char* why) { return Error("cannot read ", quote(path.string()), ": ", why); }
}  // namespace

MappedFile map_file(const std::filesystem::path& path) {
  // A pipe would keep an ordinary open() waiting.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (file.fd < 0 || ::fstat(file.fd, &about) != 0) throw unreadable(path, std::strerror(errno));
  if (S_ISDIR(about.st_mode)) throw unreadable(path, "it is a folder");
  if (!S_ISREG(about.st_mode)) throw unreadable(path, "it is no regular file");
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size == 0) return {};
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (at == MAP_FAILED) throw unreadable(path, std::strerror(errno));
  return {std::shared_ptr<const void>(at, [size](const void* p) { ::munmap(const_cast<void*>(p), size); }), {static_cast<const char*>(at), size}};
}

}  // namespace lehr
