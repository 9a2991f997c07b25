#include "experiments/spec/emit.h"

#include <algorithm>

#include "base/text.h"

namespace lehr::spec {

namespace {
bool control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool plain(const std::string& text, bool in_flow) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (text == "~" || lower(text) == "null" || text == "<<" || text == "---" || text == "...") return false;
  if (std::string_view("?:,[]{}#&*!|>'\"%@`=").find(text.front()) != std::string_view::npos) return false;
  if (text.front() == '-' && (text.size() == 1 || text[1] == ' ')) return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  if (in_flow && text.find_first_of(",[]{}:?") != std::string::npos) return false;
  return std::ranges::none_of(text, control) && text.find('\xC2') == std::string::npos;
}

std::string escaped(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
}

std::string scalar(const std::string& text, bool in_flow) {
  if (plain(text, in_flow)) return text;
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool c1 = c == '\xC2' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;  // U+0080 to U+009F
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (control(c) || c1)
      out += escaped(c1 ? text[++i] : c);
    else
      out += c;
  }
  return out + "\"";
}

void append_flow(std::string& out, const Node& node) {
  const char* separator = "";
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      break;
    case Node::Kind::scalar:
      out += scalar(node.scalar, true);
      break;
    case Node::Kind::list:
      out += '[';
      for (const Node& item : node.items) {
        out += separator;
        append_flow(out, item);
        separator = ", ";
      }
      out += ']';
      break;
    case Node::Kind::mapping:
      out += '{';
      for (const Entry& entry : node.entries) {
        out += separator + scalar(entry.key, true) + ": ";
        append_flow(out, entry.value);
        separator = ", ";
      }
      out += '}';
      break;
  }
}

void append_block(std::string& out, const Node& node, int block, const std::string& indent) {
  for (const Entry& entry : node.entries) {
    out += indent + scalar(entry.key, false) + ":";
    if (block > 1 && entry.value.is_mapping() && !entry.value.entries.empty()) {
      out += '\n';
      append_block(out, entry.value, block - 1, indent + "  ");
    } else {
      out += ' ' + (entry.value.is_scalar() ? scalar(entry.value.scalar, false) : flow(entry.value)) + '\n';
    }
  }
}
}  // namespace

std::string emit(const Node& mapping, int block) {
  std::string out;
  append_block(out, mapping, block, "");
  return out;
}

std::string flow(const Node& node) {
  std::string out;
  append_flow(out, node);
  return out;
}

}  // namespace lehr::spec
