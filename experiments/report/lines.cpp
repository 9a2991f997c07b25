#include "experiments/report/lines.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace lehr::report {

std::string cut(const std::string& text, std::size_t columns) {
  std::string out;
  for (std::size_t at = 0, end = 0; at < text.size(); at = end) {
    end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    const std::string longer = out + text.substr(at, end - at);
    if (width(longer) > columns) break;
    out = longer;
  }
  return out;
}

std::string wrapped(const std::string& text, std::size_t columns, std::size_t indent) {
  if (columns < indent + 10 || width(text) <= columns || text.find('\n') != std::string::npos) return text;
  std::string out, line, blanks;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t word = std::min(text.find_first_not_of(' ', at), text.size()), end = std::min(text.find(' ', word), text.size());
    blanks = text.substr(at, word - at);
    const std::string piece = text.substr(word, end - word);
    if (!line.empty() && width(line) + blanks.size() + width(piece) > columns) {
      out += line + "\n";
      line = std::string(indent, ' ') + piece;
    } else {
      line += blanks + piece;
    }
    at = end;
  }
  return out + line;
}

std::string clock_text(double seconds) {
  if (!(seconds >= 0) || seconds >= 99 * 86400.0) return "";
  const auto whole = static_cast<long long>(seconds);
  const auto two = [](long long v) { return cat(v < 10 ? "0" : "", v); };
  const long long days = whole / 86400, hours = whole / 3600 % 24, minutes = whole / 60 % 60;
  if (whole < 3600) return cat(minutes, ":", two(whole % 60));
  return cat(days > 0 ? cat(days, " d ") : "", hours, ":", two(minutes), ":", two(whole % 60));
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:+=@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

namespace {
std::size_t shown_width(const std::string& line) {  // without colours
  std::string plain;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\x1b') at = std::min(line.find('m', at), line.size());
    else plain += line[at];
  }
  return width(plain);
}
}  // namespace

std::string Footer::draw(const std::string& above, const std::vector<std::string>& lines, std::size_t columns) {
  if (widths_.empty() && lines.empty()) return above;
  std::size_t rows = 0;  // that stand there
  for (const std::size_t w : widths_) rows += w > columns && columns > 0 ? (w + columns - 1) / columns : 1;
  std::string out = rows > 0 ? "\r" : "";
  if (rows > 1) out += cat("\x1b[", rows - 1, "A");
  if (!above.empty() || lines.empty()) out += "\x1b[J";
  out += above;
  widths_.clear();
  for (const std::string& line : lines) {
    out += (widths_.empty() ? "" : "\n") + line + "\x1b[K";
    widths_.push_back(shown_width(line));
  }
  return lines.empty() ? out : out + "\x1b[J\r";  // what is typed, such as ^C, breaks no line
}

}  // namespace lehr::report
