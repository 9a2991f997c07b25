// One name of a namespace means one thing: no two definitions of a class, struct, enum or alias in the library's headers and sources. Two
// would be one to the linker (the one-definition rule), and one of them would run in the other's place.
#include <array>
#include <optional>

#include "base/text.h"
#include "tests/house/sources.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {

struct Word { std::string text; int line; };

// Identifiers and single signs of a source, without comments, literals and lines of the preprocessor.
std::vector<Word> words(const std::string& s) {
  std::vector<Word> out;
  int line = 1;
  const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (std::size_t i = 0; i < s.size();) {
    const auto until = [&](std::string_view end) {
      const std::size_t stop = std::min(s.find(end, i), s.size() - std::min(end.size(), s.size()));
      for (; i < stop + end.size() && i < s.size(); ++i) line += s[i] == '\n';
    };
    const bool first =
        s.find_last_not_of(" \t", i == 0 ? std::string::npos : i - 1) == std::string::npos || i == 0 || s[s.find_last_not_of(" \t", i - 1)] == '\n';
    if (s.compare(i, 2, "//") == 0) {
      i = std::min(s.find('\n', i), s.size());
    } else if (s.compare(i, 2, "/*") == 0) {
      until("*/");
    } else if (s[i] == '#' && first) {
      while (i < s.size() && s[i] != '\n') i += s[i] == '\\' ? (line += s.compare(i, 2, "\\\n") == 0, 2) : 1;
    } else if (s.compare(i, 2, "R\"") == 0) {
      const std::size_t open = s.find('(', i);
      until(cat(")", s.substr(i + 2, open - i - 2), "\""));
    } else if (s[i] == '"' || (s[i] == '\'' && !(i > 0 && letter(s[i - 1])))) {
      const char mark = s[i];
      for (++i; i < s.size() && s[i] != mark; ++i) i += s[i] == '\\';
      ++i;
    } else if (letter(s[i])) {
      const std::size_t begin = i;
      while (i < s.size() && letter(s[i])) ++i;
      out.push_back({s.substr(begin, i - begin), line});
    } else {
      line += s[i] == '\n';
      if (!std::isspace(static_cast<unsigned char>(s[i]))) out.push_back({std::string(1, s[i]), line});
      ++i;
    }
  }
  return out;
}

// The names a source defines in named namespaces: lehr::onednn::Layout and its line. Bodies other than namespaces are passed over.
std::vector<Word> definitions(const std::string& source) {
  const std::vector<Word> w = words(source);
  std::vector<Word> out;
  std::vector<std::string> scopes;  // of the namespaces around; "" without a name
  const auto at = [&](std::size_t i) { return i < w.size() ? w[i].text : std::string(); };
  const auto name = [&](const std::string& last) { return join(scopes, "::") + "::" + last; };
  const auto behind = [&](std::size_t i, char open, char close) {  // the index behind the bracket that closes the one at i
    for (int depth = 0; i < w.size(); ++i) {
      depth += w[i].text[0] == open, depth -= w[i].text[0] == close;
      if (depth == 0) return i + 1;
    }
    return i;
  };
  const auto anonymous = [&] { return std::ranges::find(scopes, "") != scopes.end(); };
  for (std::size_t i = 0; i < w.size();) {
    if (at(i) == "namespace" && at(i + 2) != "=") {
      std::string scope;
      for (++i; i < w.size() && at(i) != "{"; ++i) scope += at(i);
      scopes.push_back(scope), ++i;
    } else if (at(i) == "}") {
      if (!scopes.empty()) scopes.pop_back();
      ++i;
    } else if (at(i) == "{") {
      i = behind(i, '{', '}');
    } else if (at(i) == "template" && at(i + 1) == "<") {
      i = behind(i + 1, '<', '>');
    } else if (at(i) == "using" && at(i + 2) == "=") {
      if (!anonymous()) out.push_back({name(at(i + 1)), w[i].line});
      while (i < w.size() && at(i) != ";") ++i;
    } else if (at(i) == "class" || at(i) == "struct" || at(i) == "union" || at(i) == "enum") {
      const int line = w[i].line;
      if (at(++i) == "class" || at(i) == "struct") ++i;
      while (at(i) == "[") i = behind(i, '[', ']');
      const std::string named = at(i++);
      if (at(i) == "final") ++i;
      if ((at(i) == "{" || (at(i) == ":" && at(i + 1) != ":")) && !anonymous()) out.push_back({name(named), line});
      while (i < w.size() && at(i) != "{" && at(i) != ";" && at(i) != "(") ++i;  // bases; a specialisation's or a member's name
    } else {
      ++i;
    }
  }
  return out;
}

std::vector<std::string> names(const std::string& source) {
  std::vector<std::string> out;
  for (const Word& word : definitions(source)) out.push_back(word.text);
  return out;
}

}  // namespace

TEST_CASE("the reader of names knows what is a definition", "[house]") {
  using List = std::vector<std::string>;
  CHECK(names("namespace lehr { struct A { int b; struct Inner {}; }; class B final : public A {}; enum class C : int { x }; enum D { y }; }") ==
        List{"lehr::A", "lehr::B", "lehr::C", "lehr::D"});
  CHECK(names("namespace lehr::onednn { struct A; class B; using F = struct G*; template <class T, class U = X<int>> struct E {}; }") ==
        List{"lehr::onednn::F", "lehr::onednn::E"});
  CHECK(names("namespace lehr { namespace { struct A {}; } // struct B {};\n/* struct C {}; */ const char* t = \"struct D {\"; char c = '{'; long n = 1'000; "
              "struct E {}; }") == List{"lehr::E"});
  CHECK(names("#define X struct A { \\\n }\nnamespace lehr { void f(struct A* a) { struct B {}; } const auto r = R\"(}struct C {})\"; struct D::E {}; struct "
              "[[nodiscard]] F {}; }") == List{"lehr::F"});
}

TEST_CASE("a name of the library has one definition", "[house]") {
  std::map<std::string, std::string> first;
  for (const std::string& folder : library_folders())
    for (const auto& path : sources(folder))
      for (const Word& word : definitions(join(lines(path), "\n"))) {
        const std::string place = cat(std::filesystem::relative(path, source_root).string(), ":", word.line);
        const auto [known, is_new] = first.emplace(word.text, place);
        INFO(word.text << " is defined at " << known->second << " and at " << place);
        CHECK(is_new);
      }
  CHECK(first.size() > 300);
}
