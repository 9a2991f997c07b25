// docs/run_folder.md speaks of every table and column there is, and of no others.
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "experiments/store/schema.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
// The columns of each CREATE TABLE.
std::map<std::string, std::vector<std::string>> columns_of(const std::string& sql) {
  std::map<std::string, std::vector<std::string>> out;
  for (std::size_t at = 0; (at = sql.find("CREATE TABLE ", at)) != std::string::npos;) {
    at += 13;
    const std::size_t open = sql.find(" (", at), close = sql.find(") STRICT", open);
    auto& columns = out[sql.substr(at, open - at)];
    for (const auto& part : split(sql.substr(open + 2, close - open - 2), ',')) {
      const auto word = split(trim(part), ' ').front();
      if (std::string(word) != "PRIMARY" && std::string(word) != "UNIQUE" && trim(part).find(' ') != std::string_view::npos) columns.emplace_back(word);
    }
  }
  return out;
}
}  // namespace

TEST_CASE("the page of the run folder has every table and column", "[run][docs]") {
  const std::string page = read_file(std::string(LEHR_SOURCE_DIR) + "/docs/run_folder.md");
  const auto tables = columns_of(store::schema({"accuracy"}, true).sql);
  CHECK(tables.size() == std::size(store::tables));
  for (const auto& [table, columns] : tables) {
    const auto row = page.find(cat("| `", table, "` |"));
    INFO(table);
    REQUIRE(row != std::string::npos);
    const std::string line = page.substr(row, page.find('\n', row) - row);
    for (const auto& column : columns) {
      INFO(column);
      const bool general = column == "crc" || column.find("accuracy") != std::string::npos;  // in every table; of the experiment's own metrics
      CHECK((general || line.find("`" + (column.front() == '"' ? column.substr(1, column.size() - 2) : column) + "`") != std::string::npos));
    }
  }
  for (const char* what : {"lowered", "raised", "restored", "left out", "diverged", "failed", "resumed"}) CHECK(page.find(what) != std::string::npos);
}
