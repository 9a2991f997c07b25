// What README's "How to add" says of files is true.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "base/text.h"
#include "tests/support/catch.h"

namespace fs = std::filesystem;
using namespace lehr;

namespace {
const fs::path root = LEHR_SOURCE_DIR;

// The rows of the table below a heading, cell by cell.
std::vector<std::vector<std::string>> table_below(const std::string& heading) {
  std::ifstream in(root / "README.md");
  std::vector<std::vector<std::string>> out;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) inside = line == heading;
    if (!inside || !line.starts_with("|") || line.starts_with("|--")) continue;
    out.emplace_back();
    for (const auto& cell : split(line, '|')) out.back().emplace_back(trim(cell));
  }
  return out;
}

std::vector<std::string> quoted(const std::string& cell) {
  static const std::regex form("`([^`]+)`");
  std::vector<std::string> out;
  for (std::sregex_iterator at(cell.begin(), cell.end(), form), end; at != end; ++at) out.push_back((*at)[1]);
  return out;
}

// A path from the root; a star in the file's name stands for one of several.
bool there(const std::string& name) {
  if (name.find('*') == std::string::npos) return fs::exists(root / name) && fs::is_directory(root / name) == name.ends_with('/');
  const fs::path folder = (root / name).parent_path();
  if (!fs::is_directory(folder)) return false;
  for (const auto& entry : fs::directory_iterator(folder))
    if (matches(fs::path(name).filename().string(), entry.path().filename().string())) return true;
  return false;
}
}  // namespace

TEST_CASE("the files that How to add names exist", "[house]") {
  const auto rows = table_below("## How to add");
  REQUIRE(rows.size() > 10);
  CHECK(rows.front()[2] == "where");
  std::set<std::string> kinds;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    INFO(join(rows[i], " | "));
    REQUIRE(rows[i].size() >= 4);
    const auto files = quoted(rows[i][2]);
    CHECK_FALSE(files.empty());
    for (const auto& file : files) {
      INFO(file);
      CHECK(there(file));
    }
    kinds.insert(rows[i][1]);
  }
  for (const char* kind : {"loss", "initializer", "scaler", "schedule", "optimizer", "metric", "YAML key", "command"}) CHECK(kinds.contains(kind));
  CHECK_FALSE(there("engine/optim/no_such_file.cpp"));
  CHECK_FALSE(there("engine/optim/no_such_*.cpp"));
  CHECK_FALSE(there("engine/optim"));
}
