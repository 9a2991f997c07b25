#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "engine/data/inflate.h"

namespace lehr::csv {

// The text of a file or of a string, unpacked where it is gzip (by its magic bytes), read from the start as often as wanted, never held whole.
class Source {
 public:
  Source(const std::filesystem::path& path, std::uintmax_t limit);
  Source(std::string_view content, std::uintmax_t limit);  // refers to it

  // Up to to.size() further bytes of text; 0 at the end. Error beyond the limit, on damaged gzip data and on what the system says.
  std::size_t read(std::span<char> to);
  void rewind();

  std::uintmax_t stored() const { return size_; }          // bytes of the file
  std::uintmax_t text() const { return text_; }            // bytes of text read since the start
  std::string fingerprint() const { return crc_.text(); }  // of the stored bytes, once all were read

 private:
  std::size_t pull(std::span<char> to);

  std::optional<InputFile> file_;
  std::string_view content_;
  std::uintmax_t size_, limit_, at_ = 0, hashed_ = 0, text_ = 0;
  Fingerprint crc_;
  std::unique_ptr<InflateStream> gzip_;
};

// A source in stretches of whole rows: every one ends behind a line end that stands outside quotes, the last one with the text. What is not UTF-8 is refused.
class Stretches {
 public:
  static constexpr std::size_t usual = std::size_t{1} << 18, longest_row = std::size_t{1} << 28;
  explicit Stretches(Source& source);

  // Empty at the end. Valid until the next call; a NUL follows the last one. The first has `rows` line ends where the text has them.
  std::string_view next(std::size_t rows = 1);
  std::int64_t line() const { return line_; }  // of the first byte of the stretch at hand
  bool last() const { return ended_; }         // no stretch follows

 private:
  void fill();
  void check(std::string_view text) const;

  Source& source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, taken_ = 0, end_ = 0;  // the stretch at hand is [begin_, taken_)
  std::int64_t line_ = 1;
  bool ended_ = false;
};

}  // namespace lehr::csv
