// What the scripts and the suite itself must not do.
#include <regex>

#include "tests/house/sources.h"
#include "tests/support/catch.h"

namespace fs = std::filesystem;
using lehr::test::lines;

namespace {
const fs::path& root = lehr::test::source_root;
}  // namespace

TEST_CASE("no script reads the beginning of a pipe under pipefail", "[house]") {
  // grep -q, head and sed q leave early; the writer dies of SIGPIPE and pipefail takes that for a failure.
  const std::regex leaves(R"(\|\s*(grep\s+(-\w+\s+)*-\w*[qm]|head\b|sed\s+(-n\s+)?'?[0-9$]*[^|']*;?q'?(\s|$)))");
  for (const char* script : {"dev", ".ci/run", ".ci/fresh", ".ci/clang", "bench/run.sh"}) {
    const std::vector<std::string> text = lines(root / script);
    INFO(script);
    REQUIRE(text.size() > 5);
    for (const std::string& line : text) {
      INFO(line);
      if (line.find_first_not_of(' ') == line.find('#')) continue;
      CHECK_FALSE(std::regex_search(line, leaves));
    }
  }
  CHECK(std::regex_search(std::string("a | grep -q b"), leaves));
  CHECK(std::regex_search(std::string("a | head -n 1"), leaves));
  CHECK_FALSE(std::regex_search(std::string("a | sed -n 1p"), leaves));
}

TEST_CASE("tests take matchers from the suite's own header", "[house]") {
  std::size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root / "tests")) {
    if (!entry.is_regular_file() || entry.path().filename() == "catch.h" || entry.path().filename() == "scripts_test.cpp") continue;
    if (const auto e = entry.path().extension(); e != ".cpp" && e != ".h") continue;
    ++seen;
    for (const std::string& line : lines(entry.path())) {
      INFO(entry.path().string() << ": " << line);
      CHECK(line.find("Matchers::") == std::string::npos);
      CHECK(line.find("#include <catch2") == std::string::npos);
    }
  }
  CHECK(seen > 100);
}
