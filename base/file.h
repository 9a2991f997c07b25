#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace lehr {

// The whole file. Errors name the path and the system's reason; a folder, or more than `limit` bytes, is refused.
std::string read_file(const std::filesystem::path& path, std::uintmax_t limit = std::uintmax_t{1} << 40);
// temp file in the same folder, written whole, fsync, rename, fsync of the folder: the old content or the new, never half. Exit::failed on errors.
void write_file(const std::filesystem::path& path, std::string_view content);
// The same without the two fsyncs: for the many small files of a run that can be made again.
void write_file_lazily(const std::filesystem::path& path, std::string_view content);

// CRC-64/ECMA-182 as 16 hex digits: a fingerprint of content.
std::string fingerprint(std::string_view content);
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
