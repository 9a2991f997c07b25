#include "engine/data/csv_source.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/memory.h"
#include "engine/data/csv_cells.h"

namespace lehr::csv {

Source::Source(const std::filesystem::path& path, std::uintmax_t limit) : file_(std::in_place, path), size_(file_->size()), limit_(limit) { rewind(); }
Source::Source(std::string_view content, std::uintmax_t limit) : content_(content), size_(content.size()), limit_(limit) { rewind(); }

void Source::rewind() {
  char magic[2] = {};
  const std::size_t n = file_ ? file_->read(magic, 0) : content_.copy(magic, 2);
  at_ = text_ = 0;
  if (hashed_ < size_) hashed_ = 0, crc_ = {};
  gzip_.reset();
  if (is_gzip({magic, n})) gzip_ = std::make_unique<InflateStream>([this](std::span<char> to) { return pull(to); }, InflateStream::Form::gzip);
  else if (size_ > limit_) throw Error("it has ", size_, " bytes, the limit is ", limit_);
}

std::size_t Source::pull(std::span<char> to) {
  const std::size_t n = file_ ? file_->read(to, at_) : content_.substr(static_cast<std::size_t>(at_)).copy(to.data(), to.size());
  if (at_ == hashed_) crc_.add({to.data(), n}), hashed_ += n;
  at_ += n;
  return n;
}

std::size_t Source::read(std::span<char> to) {
  constexpr std::uintmax_t free = std::uintmax_t{256} << 20, ratio = 400;
  const std::size_t n = gzip_ ? gzip_->read(to) : pull(to);
  text_ += n;
  if (gzip_ && text_ > free && text_ / ratio > gzip_->taken())
    throw Error("it unpacks to more than ", ratio, " times its ", gzip_->taken(), " bytes so far: no table does that; unpack it first if it is one");
  if (text_ > limit_) throw Error("it unpacks to more than ", limit_, " bytes, the limit");
  return n;
}

namespace {
bool is_line_end(char c) { return c == '\n' || c == '\r'; }

// One past the last line end in text[0, size) that is outside quotes; 0 where there is none. A '\r' at the very end may be half a line end.
std::size_t last_row_end(const char* text, std::size_t size) {
  std::size_t quotes = 0;
  for (const char* p = text; (p = static_cast<const char*>(std::memchr(p, '"', static_cast<std::size_t>(text + size - p)))) != nullptr; ++p) ++quotes;
  bool outside = quotes % 2 == 0;
  for (std::size_t end = size; end > 0;) {
    const void* at = quotes == 0 ? nullptr : ::memrchr(text, '"', end);
    const std::size_t begin = at == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(at) - text) + 1;
    if (outside)
      for (std::size_t i = end; i > begin; --i)
        if (is_line_end(text[i - 1]) && !(text[i - 1] == '\r' && i == size)) return i;
    if (begin == 0) break;
    end = begin - 1, outside = !outside;
  }
  return 0;
}

std::int64_t lines_in(std::string_view text) {
  std::int64_t feeds = 0;
  for (std::size_t at = 0; at < text.size();) {  // counted in bytes, which vectors do fastest
    std::uint8_t some = 0;
    for (const std::size_t end = std::min(text.size(), at + 255); at < end; ++at) some = static_cast<std::uint8_t>(some + (text[at] == '\n'));
    feeds += some;
  }
  if (std::memchr(text.data(), '\r', text.size()) == nullptr) return feeds;
  std::int64_t alone = 0;
  for (std::size_t i = 0; i < text.size(); ++i) alone += text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
  return feeds + alone;
}

// Bytes of the UTF-8 character at p, 0 where there is none (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF).
std::size_t character(const unsigned char* p, const unsigned char* end) {
  const auto tail = [&](std::size_t n, unsigned low, unsigned high) {
    if (static_cast<std::size_t>(end - p) < n || p[1] < low || p[1] > high) return std::size_t{0};
    for (std::size_t i = 2; i < n; ++i)
      if (p[i] < 0x80 || p[i] > 0xbf) return std::size_t{0};
    return n;
  };
  if (*p < 0x80) return 1;
  if (*p >= 0xc2 && *p <= 0xdf) return tail(2, 0x80, 0xbf);
  if (*p >= 0xe0 && *p <= 0xef) return tail(3, *p == 0xe0 ? 0xa0 : 0x80, *p == 0xed ? 0x9f : 0xbf);
  if (*p >= 0xf0 && *p <= 0xf4) return tail(4, *p == 0xf0 ? 0x90 : 0x80, *p == 0xf4 ? 0x8f : 0xbf);
  return 0;
}

// The first byte that is no text, else end: NUL, or what is not UTF-8.
const unsigned char* first_bad(const unsigned char* p, const unsigned char* end) {
  while (p != end) {
    while (end - p >= 8) {  // eight of ASCII without NUL at once
      std::uint64_t word;
      std::memcpy(&word, p, 8);
      if ((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) break;
      p += 8;
    }
    if (p == end) break;
    const std::size_t n = *p == 0 ? 0 : character(p, end);
    if (n == 0) return p;
    p += n;
  }
  return end;
}
}  // namespace

bool Stretches::next(Stretch& out, std::size_t rows) {
  constexpr std::size_t behind = 8;
  std::vector<char>& buffer = out.buffer;
  buffer.resize(std::max({buffer.size(), usual + behind, rest_.size() + usual / 4 + behind}));
  std::size_t begin = 0, end = rest_.copy(buffer.data(), rest_.size()), taken = 0;
  for (;;) {
    while (!ended_ && end + behind < buffer.size()) {
      const std::size_t n = source_.read(std::span(buffer).subspan(end, buffer.size() - behind - end));
      end += n, ended_ = n == 0;
    }
    if (!started_) {
      started_ = true;
      const std::string_view head(buffer.data(), end);
      if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) throw Error("it is UTF-16; save it as UTF-8");
      if (head.starts_with("\xef\xbb\xbf")) begin = 3;
    }
    taken = ended_ ? end : begin + last_row_end(buffer.data() + begin, end - begin);
    out.text = {buffer.data() + begin, taken - begin};
    out.lines = lines_in(out.text);
    if (ended_ || (taken > begin && (rows == 1 || buffer.size() > longest_row / 8 || out.lines >= static_cast<std::int64_t>(rows)))) break;
    if (buffer.size() > longest_row) throw Error("line ", line_, " is longer than ", longest_row, " bytes, or a double quote in it is never closed");
    buffer.resize(2 * buffer.size());
  }
  rest_.assign(buffer.data() + taken, end - taken);
  if (ended_) buffer[taken] = '\0';
  out.line = line_;
  line_ += out.lines;
  out.read = source_.text();
  return !out.text.empty();
}

void Stretch::check() const {
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* bad = first_bad(begin, begin + text.size());
  if (bad == begin + text.size()) return;
  const std::string_view before = text.substr(0, static_cast<std::size_t>(bad - begin));
  const std::int64_t at = line + lines_in(before);
  if (*bad == 0) throw Error("line ", at, " has a NUL byte: this is not a text file");
  const std::size_t start = before.find_last_of("\r\n") == std::string_view::npos ? 0 : before.find_last_of("\r\n") + 1;
  const auto column = 1 + std::ranges::count_if(before.substr(start), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  throw Error("line ", at, ", character ", column, ": ", quote({reinterpret_cast<const char*>(bad), 1}), " is not UTF-8; save the table as UTF-8");
}

}  // namespace lehr::csv
