#include "experiments/report/lines.h"

#include <algorithm>

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

}  // namespace lehr::report
