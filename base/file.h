#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace lehr {

// The whole file. Errors name the path and the system's reason; a folder, or more than `limit` bytes, is refused.
std::string read_file(const std::filesystem::path& path, std::uintmax_t limit = std::uintmax_t{1} << 40);
// temp file in the same folder, written whole, fsync, rename, fsync of the folder: the old content or the new, never half. Exit::failed on errors.
void write_file(const std::filesystem::path& path, std::string_view content);
// The same without the two fsyncs: for the many small files of a run that can be made again.
void write_file_lazily(const std::filesystem::path& path, std::string_view content);

// A regular file that is read in parts.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);  // Error as read_file says it
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  std::uintmax_t size() const { return size_; }  // when it was opened
  // The bytes from `offset` on, fewer than to.size() only at the end.
  std::size_t read(std::span<char> to, std::uintmax_t offset) const;
  // All size() bytes, at least one, mapped to be read: to be unmapped by the caller, who may do so after the file is closed.
  const void* map() const;

 private:
  std::filesystem::path path_;
  int fd_;
  std::uintmax_t size_ = 0;
};

// CRC-64/ECMA-182 as 16 hex digits: a fingerprint of content.
std::string fingerprint(std::string_view content);
// The same of content that comes in parts.
class Fingerprint {
 public:
  void add(std::string_view part);
  std::uint64_t value() const { return crc_; }
  std::string text() const;

 private:
  std::uint64_t crc_ = 0;
};
// The same of a file, read piece by piece.
std::string fingerprint_file(const std::filesystem::path& path);

// One line at the end of a file, kept open: metrics.csv, events.jsonl.
class Appender {
 public:
  explicit Appender(const std::filesystem::path& path);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;
  void write(std::string_view text);  // whole or Error

 private:
  std::filesystem::path path_;
  int fd_;
};

}  // namespace lehr
