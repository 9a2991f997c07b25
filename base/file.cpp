#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "base/error.h"

namespace lehr {

namespace {
Error failure(const char* what, const std::filesystem::path& path, int error) {
  return Error(what, " ", quote(path.string()), ": ", std::strerror(error));
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() { if (fd >= 0) ::close(fd); }
};

void write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw failure("cannot write", path, errno).code(Exit::failed);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
}

void replace(const std::filesystem::path& path, std::string_view content, bool sync) {
  const std::filesystem::path temp = path.parent_path() / cat(".", path.filename().string(), ".", ::getpid(), ".tmp");
  try {
    Descriptor file{::open(temp.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (file.fd < 0) throw failure("cannot write", path, errno).code(Exit::failed);
    write_all(file.fd, content, path);
    if (sync && ::fsync(file.fd) != 0) throw failure("cannot write", path, errno).code(Exit::failed);
    if (::rename(temp.c_str(), path.c_str()) != 0) throw failure("cannot write", path, errno).code(Exit::failed);
  } catch (...) {
    ::unlink(temp.c_str());
    throw;
  }
  if (sync) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Descriptor dir{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (dir.fd >= 0) ::fsync(dir.fd);
  }
}
}  // namespace

std::string read_file(const std::filesystem::path& path, std::uintmax_t limit) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a pipe must not wait for a writer
  if (file.fd < 0) throw failure("cannot read", path, errno);
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) throw failure("cannot read", path, errno);
  if (S_ISDIR(info.st_mode)) throw failure("cannot read", path, EISDIR);
  if (!S_ISREG(info.st_mode)) throw Error("cannot read ", quote(path.string()), ": it is not a regular file");
  const auto size = static_cast<std::uintmax_t>(info.st_size);
  if (size > limit) throw Error(quote(path.string()), " has ", size, " bytes, the limit is ", limit);
  std::string content(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file.fd, content.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw failure("cannot read", path, errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  content.resize(done);
  return content;
}

void write_file(const std::filesystem::path& path, std::string_view content) { replace(path, content, true); }
void write_file_lazily(const std::filesystem::path& path, std::string_view content) { replace(path, content, false); }

namespace {
using Crc = boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0, 0, false, false>;
std::string digits_of(std::uint64_t checksum) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += digits[(checksum >> shift) & 15];
  return out;
}
}  // namespace

std::string fingerprint(std::string_view content) {
  Crc crc;
  crc.process_bytes(content.data(), content.size());
  return digits_of(crc.checksum());
}

std::string fingerprint_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw failure("cannot read", path, errno);
  Crc crc;
  std::vector<char> block(std::size_t{1} << 20);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    crc.process_bytes(block.data(), static_cast<std::size_t>(in.gcount()));
  return digits_of(crc.checksum());
}

Appender::Appender(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (fd_ < 0) throw failure("cannot write", path, errno).code(Exit::failed);
}
Appender::~Appender() { ::close(fd_); }
void Appender::write(std::string_view text) { write_all(fd_, text, path_); }

}  // namespace lehr
