#include "graph/onnx/external.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>

#include "base/error.h"

namespace lehr::onnx {

namespace {
namespace fs = std::filesystem;

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept { return std::swap(fd, other.fd), *this; }
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::uint64_t parse(const std::string& key, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || value > INT64_MAX)
    throw Error("the ", key, " of its external data is ", quote(text), ", not a number of bytes");
  return value;
}

void check_location(const std::string& location) {
  if (location.empty()) throw Error("the location of its external data is empty");
  if (location.find('\0') != std::string::npos) throw Error("the location ", quote(location), " of its external data holds a NUL byte");
  const fs::path path(location);
  if (path.is_absolute()) throw Error("its external data lie at the absolute path ", quote(location), ": only files in the folder of the model are read");
  for (const fs::path& part : path)
    if (part == "..") throw Error("its external data lie at ", quote(location), ", outside the folder of the model");
}

// The location with its links resolved, relative to the folder; every part is then opened without following links, so that a link
// swapped in between cannot lead out.
Descriptor open_inside(const fs::path& folder, const std::string& location) {
  if (folder.empty()) throw Error("its external data ", quote(location), " cannot be read: the model did not come from a file");
  const auto fail = [&](int error) { throw Error("its external data ", quote(location), " cannot be read: ", std::strerror(error)); };
  std::error_code code;
  const fs::path base = fs::canonical(folder, code);
  if (code) fail(code.value());
  const fs::path real = fs::canonical(base / location, code);
  if (code) fail(code.value());
  const fs::path relative = real.lexically_relative(base);
  if (relative.empty() || *relative.begin() == "..")
    throw Error("its external data ", quote(location), " are a symbolic link to a place outside the folder of the model");
  Descriptor at(::open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.fd < 0) fail(errno);
  for (auto part = relative.begin(); part != relative.end(); ++part) {
    const bool last = std::next(part) == relative.end();
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (last ? O_NONBLOCK | O_NOCTTY : O_DIRECTORY);
    Descriptor next(::openat(at.fd, part->c_str(), flags));
    if (next.fd < 0) fail(errno);
    at = std::move(next);
  }
  return at;
}

std::uint64_t size_of(const Descriptor& file, const std::string& location) {
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) throw Error("its external data ", quote(location), " cannot be read: ", std::strerror(errno));
  if (S_ISDIR(info.st_mode)) throw Error("the location ", quote(location), " of its external data is a folder");
  if (!S_ISREG(info.st_mode)) throw Error("the location ", quote(location), " of its external data is not a regular file");
  if (info.st_nlink > 1)
    throw Error("its external data ", quote(location), " have ", info.st_nlink, " hard links, of which some may lie outside the folder: copy the file");
  return static_cast<std::uint64_t>(info.st_size);
}

template <class Bytes>
Bytes read_at(const Descriptor& file, const std::string& location, std::uint64_t offset, std::uint64_t size) {
  Bytes out(size, typename Bytes::value_type{});
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::pread(file.fd, out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("its external data ", quote(location), " cannot be read: ", std::strerror(errno));
    if (n == 0) throw Error("its external data ", quote(location), " became shorter while they were read");
    done += static_cast<std::size_t>(n);
  }
  return out;
}

std::uint64_t half_of_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size) / 2 : UINT64_MAX;
}
}  // namespace

Region region_of(const TensorProto& tensor) {
  Region region;
  std::set<std::string> seen;
  for (const auto& entry : tensor.external_data()) {
    const std::string &key = entry.key(), &value = entry.value();
    if (!seen.insert(key).second) throw Error("its external data give ", quote(key), " twice");
    if (key == "location")
      region.location = value;
    else if (key == "offset")
      region.offset = parse(key, value);
    else if (key == "length")
      region.length = parse(key, value);
    else if (key != "checksum")
      throw Error("its external data have the unknown key ", quote(key));
  }
  check_location(region.location);
  return region;
}

std::vector<std::byte> ExternalData::read(const Region& region, std::uint64_t size) const {
  if (region.length && *region.length != size) throw Error("its external data have a length of ", *region.length, " bytes, its shape needs ", size);
  const Descriptor file = open_inside(folder_, region.location);
  const std::uint64_t available = size_of(file, region.location);
  if (region.offset > available || size > available - region.offset)
    throw Error("its external data need ", size, " bytes at offset ", region.offset, " of ", quote(region.location), ", which has ", available);
  if (!region.length && available - region.offset != size)
    throw Error("its external data ", quote(region.location), " have ", available - region.offset, " bytes from offset ", region.offset, ", its shape needs ",
                size);
  if ((total_ += size) > half_of_memory())
    throw Error("with its ", size, " bytes the external data are ", total_, " bytes, more than half of this machine's memory");
  return read_at<std::vector<std::byte>>(file, region.location, region.offset, size);
}

std::string ExternalData::read_whole(const std::string& location) const {
  check_location(location);
  const Descriptor file = open_inside(folder_, location);
  return read_at<std::string>(file, location, 0, size_of(file, location));
}

}  // namespace lehr::onnx
