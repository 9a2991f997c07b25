#include "experiments/spec/emit.h"

#include "base/text.h"

namespace lehr::spec {

namespace {
bool plain(const std::string& text, bool in_flow) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (text == "~" || lower(text) == "null" || text == "<<" || text == "---" || text == "...") return false;
  if (std::string_view("?:,[]{}#&*!|>'\"%@`=").find(text.front()) != std::string_view::npos) return false;
  if (text.front() == '-' && (text.size() == 1 || text[1] == ' ')) return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  if (in_flow && text.find_first_of(",[]{}:?") != std::string::npos) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return true;
}

std::string scalar(const std::string& text, bool in_flow) {
  if (plain(text, in_flow)) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
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
