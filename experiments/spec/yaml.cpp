#include "experiments/spec/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>

namespace lehr::spec {

namespace {
struct Stop {};  // a problem after which the rest of the text means nothing

// A view of the text that is handed to the parser, and the place of each of its bytes.
struct Text {
  const Sources& sources;
  int source;
  std::size_t start;  // bytes of the source before it: a byte order mark, the `key=` of an argument

  std::string_view bytes() const { return std::string_view(sources.at(source).text).substr(start); }
  At at(int line, int column_bytes, int length = 1) const {
    const auto& lines = sources.at(source).lines;
    std::size_t offset = static_cast<std::size_t>(std::max(column_bytes, 0));
    if (line <= 0) offset += start;
    const std::string_view text = static_cast<std::size_t>(std::max(line, 0)) < lines.size() ? lines[static_cast<std::size_t>(std::max(line, 0))] : "";
    const bool mark = line <= 0 && text.starts_with("\xEF\xBB\xBF");
    const int column = static_cast<int>(width(text.substr(0, std::min(offset, text.size())))) - (mark ? 1 : 0);
    return {source, std::max(line, 0) + 1, column + 1, length, -1};
  }
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(const Text& text, Problems& problems) : text_(text), problems_(problems) {}
  Node root;
  bool empty = true;
  At start;

  void OnDocumentStart(const YAML::Mark& mark) override { start = place(mark); }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.error(place(mark), "aliases (*name) are not supported; a pattern that starts with * goes in quotes: \"*.bias\"");
    throw Stop{};
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_properties(mark, "?", anchor);
    Node node;
    node.at = place(mark);
    const auto rest = text_.bytes().substr(std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.bytes().size()));
    const bool written = rest.starts_with("null") || rest.starts_with("Null") || rest.starts_with("NULL") || rest.starts_with('~');
    node.at.length = written ? (rest.starts_with('~') ? 1 : 4) : 1;
    if (!written) {
      missing_value(node.at);
      node = make_scalar("", node.at);
      node.quoted = true;
      if (!stack_.empty() && stack_.back().has_key) dropped_ = true;
    }
    add(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_properties(mark, tag, anchor);
    Node node = make_scalar(value, place(mark));
    if (std::ranges::any_of(value, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7F; }))
      problems_.error(node.at, "a control character in ", quote(value));
    node.quoted = tag == "!";
    if (node.quoted) refuse_open_quote(mark);
    const int length = static_cast<int>(std::min<std::size_t>(width(value), 1000)) + (node.quoted ? 2 : 0);
    node.at.length = value.find('\n') == std::string::npos ? std::max(length, 1) : 1;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::mapping);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    std::string key;
    At key_at;
    bool has_key = false;
    std::unordered_set<std::string> seen;
  };

  At place(const YAML::Mark& mark) const { return text_.at(mark.line, mark.column); }

  void refuse_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const auto bytes = text_.bytes();
    const auto pos = static_cast<std::size_t>(std::max(mark.pos, 0));
    const char first = pos < bytes.size() ? bytes[pos] : ' ';
    if (anchor != 0) problems_.error(place(mark), "anchors (&name) are not supported: use extends or variants to share settings");
    if (first == '!' || (tag != "?" && tag != "!" && !tag.empty()))
      problems_.error(place(mark), "tags (!name) are not supported: every key knows the type of its value");
  }

  // Some versions of the parser take the end of the file for the end of a quoted text.
  void refuse_open_quote(const YAML::Mark& mark) {
    const auto bytes = text_.bytes();
    auto i = static_cast<std::size_t>(std::max(mark.pos, 0));
    const char quote_mark = i < bytes.size() ? bytes[i] : ' ';
    if (quote_mark != '"' && quote_mark != '\'') return;
    for (++i; i < bytes.size(); ++i) {
      if (quote_mark == '"' && bytes[i] == '\\')
        ++i;
      else if (bytes[i] == quote_mark && (quote_mark == '"' || i + 1 >= bytes.size() || bytes[i + 1] != quote_mark))
        return;
      else if (bytes[i] == quote_mark)
        ++i;
    }
    problems_.error(place(mark), "a quote that is opened is never closed");
    throw Stop{};
  }

  void missing_value(const At& at) {
    if (stack_.empty() || stack_.back().node.is_list()) return problems_.error(at, "a value is missing here");
    const Frame& top = stack_.back();
    if (!top.has_key) return problems_.error(at, "a key is missing before ':'");
    const bool comma = top.key.find_first_of("()*/ ") != std::string::npos;
    problems_.error(
        top.key_at, quote(top.key), " has no value",
        comma ? ": inside { } a comma starts a new key, so a formula with commas goes in quotes" : "; write one, or null to remove what a lower layer says");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_properties(mark, tag, anchor);
    if (stack_.size() >= max_depth) {
      problems_.error(place(mark), "nested more than ", max_depth, " levels deep");
      throw Stop{};
    }
    if (!stack_.empty() && stack_.back().node.is_mapping() && !stack_.back().has_key) {
      problems_.error(place(mark), "a key must be a single value, not ", kind == Node::Kind::list ? "a list" : "a mapping", ": is a bracket not closed?");
      throw Stop{};
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.at = place(mark);
    stack_.push_back(std::move(frame));
  }

  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (stack_.empty()) {
      root = std::move(node);
      empty = false;
      return;
    }
    Frame& top = stack_.back();
    if (top.node.is_list()) {
      top.node.items.push_back(std::move(node));
    } else if (!top.has_key) {
      if (node.is_null()) problems_.error(node.at, "null cannot be a key");
      if (node.scalar.size() > max_key_bytes) problems_.error(node.at, "a key of ", node.scalar.size(), " bytes: ", max_key_bytes, " are allowed");
      top.key = node.is_null() ? "null" : node.scalar;
      top.key_at = node.at;
      top.has_key = true;
    } else {
      add_entry(top, std::move(node));
    }
  }

  void add_entry(Frame& top, Node node) {
    top.has_key = false;
    if (std::exchange(dropped_, false)) return;
    if (!top.seen.insert(top.key).second) {
      const At& first = top.node.find(top.key)->at;
      problems_.error(top.key_at, quote(top.key), " is given twice: the first is in line ", first.line);
      if (problems_.full()) throw Stop{};
      return;
    }
    if (top.node.entries.size() >= max_keys) {
      problems_.error(top.key_at, "more than ", max_keys, " keys in one mapping");
      throw Stop{};
    }
    top.node.entries.push_back({std::move(top.key), top.key_at, std::move(node)});
  }

  const Text& text_;
  Problems& problems_;
  std::vector<Frame> stack_;
  bool dropped_ = false;  // the value about to be added stands for nothing
};

// What the parser's short words mean for a user.
std::string explained(const std::string& message) {
  struct Row {
    const char *part, *meaning;
  };
  static constexpr Row rows[] = {
      {"illegal map value", "a ':' cannot stand here: check the indentation, or put text that contains ': ' in quotes"},
      {"illegal EOF in scalar", "a quote that is opened is never closed"},
      {"end of map flow not found", "a '{' that is opened is not closed: '}' or ',' is missing"},
      {"end of sequence flow not found", "a '[' that is opened is not closed: ']' or ',' is missing"},
      {"illegal flow end", "a closing bracket without an opening one"},
      {"illegal block entry", "a '-' cannot stand here: check the indentation"},
      {"end of map not found", "this line does not continue the mapping above: check the indentation"},
      {"end of sequence not found", "this line does not continue the list above: check the indentation"},
      {"anchor", "anchors and aliases are not supported; a pattern that starts with * goes in quotes: \"*.bias\""},
      {"alias", "anchors and aliases are not supported; a pattern that starts with * goes in quotes: \"*.bias\""},
      {"tag", "tags (!name) are not supported: every key knows the type of its value"},
  };
  for (const auto& row : rows)
    if (message.find(row.part) != std::string::npos) return row.meaning;
  return "this is not YAML: " + printable(message);
}

// "; line 6 has no ':' behind its key" where a line above the one that the parser stopped at (from 0) is a text alone.
std::string without_colon(std::string_view bytes, int line) {
  const auto lines = split(bytes, '\n');
  for (int i = std::min(line, static_cast<int>(lines.size())) - 1; i >= 0; --i) {
    const auto text = trim(lines[static_cast<std::size_t>(i)]);
    if (text.empty() || text.starts_with('#')) continue;
    if (text.find(':') != std::string_view::npos || text.starts_with('-') || text.find_first_of("[]{},\"'") != std::string_view::npos) return "";
    return cat("; line ", i + 1, " has no ':' behind its key");
  }
  return "";
}

// Bytes no file may hold; false where the rest cannot be trusted.
bool check_bytes(const Text& text, Problems& problems) {
  const auto bytes = text.bytes();
  int line = 0, column = 0;
  bool clean = true;
  for (std::size_t i = 0; i < bytes.size() && !problems.full();) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte == '\n') {
      ++line, ++i, column = 0;
      continue;
    }
    const std::size_t length = utf8_length(bytes.substr(i));
    if (length == 0) {
      problems.error(text.at(line, column), "the text is not UTF-8: save the file as UTF-8");
      return false;
    }
    const bool line_end = byte == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n';
    if (byte == '\t')
      problems.error(text.at(line, column), "a tab: YAML is indented with spaces, and \"\\t\" in quotes is a tab");
    else if ((byte < 0x20 && !line_end) || byte == 0x7F)
      problems.error(text.at(line, column), "a control character, byte ", static_cast<int>(byte));
    clean = clean && !((byte < 0x20 && !line_end) || byte == 0x7F);
    i += length, column += static_cast<int>(length);
  }
  return clean;
}

std::optional<Node> parse(const Text& text, Problems& problems) {
  if (!check_bytes(text, problems)) return std::nullopt;
  std::istringstream in{std::string(text.bytes())};
  Builder first(text, problems), second(text, problems);
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(first) || first.empty) return std::nullopt;
    if (parser.HandleNextDocument(second))
      problems.error(second.start, "the document ends before this line: one document a file, and each line of it indented like its neighbours");
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    problems.error(text.at(error.mark.line, error.mark.column), explained(error.msg), without_colon(text.bytes(), error.mark.line));
    return std::nullopt;
  }
  return std::move(first.root);
}
}  // namespace

std::optional<Node> parse_yaml(const Sources& sources, int source, Problems& problems) {
  const std::string& whole = sources.at(source).text;
  if (whole.size() > max_bytes) {
    problems.error({source}, "the file has ", whole.size(), " bytes, an experiment may have ", max_bytes);
    return std::nullopt;
  }
  const Text text{sources, source, whole.starts_with("\xEF\xBB\xBF") ? 3u : 0u};
  const std::size_t before = problems.count();
  auto root = parse(text, problems);
  if (!root && problems.count() == before) problems.error({source}, "the file holds no experiment: it is empty");
  return root;
}

std::optional<Node> parse_value(const Sources& sources, int source, std::size_t start, Problems& problems) { return parse({sources, source, start}, problems); }

}  // namespace lehr::spec
