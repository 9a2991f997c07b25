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

// Whole rows of a text: it ends behind a line end that stands outside quotes, or with the text. A NUL follows the last one, and eight bytes can be read
// behind any.
struct Stretch {
  std::string_view text;   // in the buffer
  std::int64_t line = 1;   // of its first byte
  std::int64_t lines = 0;  // line ends in it
  std::uintmax_t read = 0; // bytes of text up to its end, about
  std::vector<char> buffer;
  // Error with line and character of what is not UTF-8.
  void check() const;
};

// A source in stretches.
class Stretches {
 public:
  static constexpr std::size_t usual = std::size_t{1} << 18, longest_row = std::size_t{1} << 28;
  explicit Stretches(Source& source) : source_(source) {}

  // False at the end. It has `rows` line ends where the text has them.
  bool next(Stretch& out, std::size_t rows = 1);
  bool last() const { return ended_; }  // no stretch follows

 private:
  Source& source_;
  std::string rest_;  // of the text: it was read, and belongs to the next stretch
  std::int64_t line_ = 1;
  bool started_ = false, ended_ = false;
};

}  // namespace lehr::csv
