#include <unistd.h>

#include "base/text.h"
#include "experiments/store/sqlite.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("a row of the store is intact whatever it holds, nothing included", "[run]") {
  const auto file = std::filesystem::temp_directory_path() / cat("lehr-rows-", ::getpid(), ".db");
  std::filesystem::remove(file);
  {
    store::Database database(file, store::Database::Access::create);
    database.run("CREATE TABLE row (a INTEGER, b TEXT, c BLOB, d REAL, crc INTEGER NOT NULL) STRICT");
    const std::string some = "bytes";
    for (const std::string_view bytes : {std::string_view(), std::string_view(some).substr(0, 0), std::string_view(some)}) {
      auto insert = database.prepare("INSERT INTO row VALUES (?,?,?,?,?)");
      insert.bind(std::int64_t{1}).bind(bytes).blob(bytes).bind(std::nan("")).sum().run();
    }
    auto read = database.prepare("SELECT * FROM row");
    int rows = 0;
    for (; read.next(); ++rows) CHECK((read.intact() && !read.is_null(1) && !read.is_null(2)));
    CHECK(rows == 3);
  }
  std::filesystem::remove(file);
}
