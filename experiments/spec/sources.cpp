#include "experiments/spec/sources.h"

#include <algorithm>
#include <tuple>

namespace lehr::spec {

namespace {
// One printable character a character of the line, so that a caret below stays in its column.
std::vector<std::string> characters(std::string_view line) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t length = utf8_length(line.substr(i));
    const auto byte = static_cast<unsigned char>(line[i]);
    const bool shown = length > 0 && byte >= 0x20 && byte != 0x7F && !(byte == 0xC2 && static_cast<unsigned char>(line[i + 1]) < 0xA0);
    out.push_back(shown ? std::string(line.substr(i, length)) : byte == '\t' ? " " : "?");
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}
}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F, beyond = first == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

int Sources::add(std::string name, std::filesystem::path folder, std::string text, bool argument) {
  Source& source = sources_.emplace_back(Source{std::move(name), std::move(folder), std::move(text), {}, argument});
  const std::string_view all = source.text;
  for (std::size_t start = 0; start < all.size();) {
    const std::size_t end = std::min(all.find('\n', start), all.size());
    std::string_view line = all.substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    source.lines.push_back(line);
    start = end + 1;
  }
  return static_cast<int>(sources_.size()) - 1;
}

int Sources::label(std::string text) {
  labels_.push_back(std::move(text));
  return static_cast<int>(labels_.size()) - 1;
}

std::string Sources::place(const At& at) const {
  if (at.source < 0) return "";
  const Source& source = this->at(at.source);
  if (source.argument || at.line == 0) return printable(source.name);
  return cat(printable(source.name), ":", at.line, ":", at.column);
}

std::string Sources::origin(const At& at) const {
  if (at.source < 0) return "default";
  if (at.patch >= 0) return label_text(at.patch);
  const Source& source = this->at(at.source);
  return source.argument ? source.name : cat(printable(source.name), ":", at.line);
}

std::string Sources::render(const At& at, std::string_view sentence) const {
  const std::string where = place(at);
  std::string out = where.empty() ? std::string(sentence) : cat(where, ": ", sentence);
  if (at.source < 0 || at.line < 1) return out;
  const Source& source = this->at(at.source);
  if (static_cast<std::size_t>(at.line) > source.lines.size()) return out;
  constexpr std::size_t window = 100;
  const auto line = characters(source.lines[static_cast<std::size_t>(at.line) - 1]);
  const std::size_t column = std::min(static_cast<std::size_t>(std::max(at.column, 1)) - 1, line.size());
  const std::size_t first = line.size() <= window || column < window / 2 ? 0 : column - window / 2;
  const std::size_t last = std::min(line.size(), first + window);
  const std::string left = first > 0 ? "…" : "";
  const std::size_t under = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(at.length, 1)), 1, std::max<std::size_t>(last - column, 1));
  out += cat("\n", pad_left(source.argument ? "" : cat(at.line), 5), " | ", left);
  for (std::size_t i = first; i < last; ++i) out += line[i];
  if (last < line.size()) out += "…";
  out += cat("\n      | ", std::string(column - first + (first > 0 ? 1 : 0), ' '), "^", std::string(under - 1, '~'));
  return out;
}

void Problems::add(std::vector<Problem>& list, const At& at, const std::string& sentence) {
  std::string text = sources_.render(at, sentence);
  if (!seen_.insert(text).second) return;
  if (&list == &errors_ && full()) {
    ++dropped_;
    return;
  }
  list.push_back({at, std::move(text)});
}

void Problems::raise() const {
  if (errors_.empty()) return;
  auto sorted = errors_;
  std::ranges::stable_sort(sorted, {}, [](const Problem& p) { return std::tuple(p.at.source, p.at.line, p.at.column); });
  std::vector<std::string> texts;
  for (const auto& problem : sorted) texts.push_back(problem.text);
  if (dropped_ > 0) texts.push_back(cat("and ", dropped_, " more"));
  throw Error(join(texts, "\n"));
}

std::vector<std::string> Problems::warnings() const {
  std::vector<std::string> out;
  for (const auto& problem : warnings_) out.push_back(problem.text);
  return out;
}

}  // namespace lehr::spec
