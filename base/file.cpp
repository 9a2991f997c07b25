#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <cerrno>
#include <cstring>
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

InputFile::InputFile(const std::filesystem::path& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (fd_ < 0) throw failure("cannot read", path, errno);  // a pipe must not wait for a writer
  Descriptor file{fd_};
  struct stat info {};
  if (::fstat(fd_, &info) != 0) throw failure("cannot read", path, errno);
  if (S_ISDIR(info.st_mode)) throw failure("cannot read", path, EISDIR);
  if (!S_ISREG(info.st_mode)) throw Error("cannot read ", quote(path.string()), ": it is not a regular file");
  size_ = static_cast<std::uintmax_t>(info.st_size);
  file.fd = -1;
}

InputFile::~InputFile() { ::close(fd_); }

std::size_t InputFile::read(std::span<char> to, std::uintmax_t offset) const {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t n = ::pread(fd_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw failure("cannot read", path_, errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

const void* InputFile::map() const {
  const void* const at = ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ, MAP_PRIVATE, fd_, 0);
  if (at == MAP_FAILED) throw failure("cannot read", path_, errno);
  return at;
}

std::string read_file(const std::filesystem::path& path, std::uintmax_t limit) {
  const InputFile file(path);
  if (file.size() > limit) throw Error(quote(path.string()), " has ", file.size(), " bytes, the limit is ", limit);
  std::string content(file.size(), '\0');
  content.resize(file.read(content, 0));
  return content;
}

void write_file(const std::filesystem::path& path, std::string_view content) { replace(path, content, true); }
void write_file_lazily(const std::filesystem::path& path, std::string_view content) { replace(path, content, false); }

std::string fingerprint(std::string_view content) {
  Fingerprint out;
  out.add(content);
  return out.text();
}

namespace {
// tables[k][b]: what byte b does to the remainder k bytes on, so that eight bytes take one step.
using CrcTables = std::array<std::array<std::uint64_t, 256>, 8>;
constexpr CrcTables crc_tables() {
  constexpr std::uint64_t polynomial = 0x42F0E1EBA9EA3693;
  CrcTables out{};
  for (std::uint64_t b = 0; b < 256; ++b) {
    std::uint64_t crc = b << 56;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc >> 63) * polynomial);
    out[0][b] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t b = 0; b < 256; ++b) out[k][b] = (out[k - 1][b] << 8) ^ out[0][out[k - 1][b] >> 56];
  return out;
}
constexpr CrcTables crc_table = crc_tables();

#if defined(__x86_64__)
// x^n modulo the polynomial.
constexpr std::uint64_t power_of_x(int n) {
  std::uint64_t out = 1;
  for (int i = 0; i < n; ++i) out = (out << 1) ^ ((out >> 63) * 0x42F0E1EBA9EA3693);
  return out;
}
constexpr std::size_t folded = 64;  // bytes a step

// `left` bytes at p, a multiple of `folded`, after the remainder `crc`: 16 bytes whose remainder, from 0 on, is theirs. A number hi * x^64 + lo that stands
// n bits further on is congruent to hi * (x^(n + 64) mod P) + lo * (x^n mod P).
__attribute__((target("pclmul,ssse3"))) std::array<unsigned char, 16> fold(const unsigned char* p, std::size_t left, std::uint64_t crc) {
  const __m128i turned = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto load = [&](const unsigned char* from) __attribute__((target("pclmul,ssse3"))) {
    return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), turned);
  };
  const auto further = [](__m128i at, __m128i by) __attribute__((target("pclmul,ssse3"))) {
    return _mm_xor_si128(_mm_clmulepi64_si128(at, by, 0x11), _mm_clmulepi64_si128(at, by, 0x00));
  };
  const auto by = [](std::uint64_t hi, std::uint64_t lo) { return _mm_set_epi64x(static_cast<long long>(hi), static_cast<long long>(lo)); };
  constexpr std::uint64_t step_hi = power_of_x(512 + 64), step_lo = power_of_x(512), one_hi = power_of_x(128 + 64), one_lo = power_of_x(128);
  __m128i lane[4];
  for (int i = 0; i < 4; ++i) lane[i] = load(p + 16 * i);
  lane[0] = _mm_xor_si128(lane[0], by(crc, 0));
  for (p += folded, left -= folded; left > 0; p += folded, left -= folded)
    for (int i = 0; i < 4; ++i) lane[i] = _mm_xor_si128(further(lane[i], by(step_hi, step_lo)), load(p + 16 * i));
  for (int i = 1; i < 4; ++i) lane[i] = _mm_xor_si128(further(lane[i - 1], by(one_hi, one_lo)), lane[i]);
  std::array<unsigned char, 16> out;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data()), _mm_shuffle_epi8(lane[3], turned));
  return out;
}
#endif
}  // namespace

void Fingerprint::add(std::string_view part) {
  const auto* p = reinterpret_cast<const unsigned char*>(part.data());
  std::size_t left = part.size();
#if defined(__x86_64__)
  static const bool folds = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3");
  if (const std::size_t whole = left - left % folded; folds && whole > folded) {
    const std::array<unsigned char, 16> rest = fold(p, whole, crc_);
    crc_ = 0;
    add({reinterpret_cast<const char*>(rest.data()), rest.size()});
    p += whole, left -= whole;
  }
#endif
  for (; left >= 8; p += 8, left -= 8) {
    std::uint64_t next = 0;
    for (int i = 0; i < 8; ++i) next = next << 8 | p[i];
    crc_ ^= next;
    std::uint64_t crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= crc_table[k][(crc_ >> (8 * k)) & 255];
    crc_ = crc;
  }
  for (; left > 0; --left) crc_ = (crc_ << 8) ^ crc_table[0][(crc_ >> 56) ^ *p++];
}

std::string Fingerprint::text() const {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += digits[(crc_ >> shift) & 15];
  return out;
}

std::string fingerprint_file(const std::filesystem::path& path) {
  const InputFile file(path);
  Fingerprint out;
  std::vector<char> block(std::size_t{1} << 20);
  for (std::uintmax_t at = 0; const std::size_t got = file.read(block, at); at += got) out.add({block.data(), got});
  return out.text();
}

Appender::Appender(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (fd_ < 0) throw failure("cannot write", path, errno).code(Exit::failed);
}
Appender::~Appender() { ::close(fd_); }
void Appender::write(std::string_view text) { write_all(fd_, text, path_); }

}  // namespace lehr
