#include "engine/data/csv_oddities.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
std::vector<std::string> notes(const CsvTable& table) {
  return odd_notes(table, odd_columns(table), [](std::size_t) { return true; });
}
}  // namespace

TEST_CASE("columns that tell nothing are pointed out, one sentence a kind", "[oddities]") {
  const CsvTable t = parse_csv(
      ",name,day,flat,x,\n0,ann,2019-05-03,7,1.5,\n1,bob,2019-05-04,7,2,\n2,cid,2019-05-05,7,1,\n"
      "3,dan,2019-05-06,7,3,\n4,eva,2019-05-06,7,1,\n", "t.csv");
  CHECK(notes(t) == std::vector<std::string>{"column 5 (without a name) has no value in any row", "column 'flat' has the same value in all rows",
                                             "column 0 (without a name) numbers the rows", "column 'name' has another text in every row: it names the rows",
                                             "column 'day' holds dates, as names"});
  CHECK(odd_notes(t, odd_columns(t), [](std::size_t column) { return column == 4; }).empty());
  CHECK(odd_columns(t).front() == OddColumn{0, Oddity::row_numbers});
}

TEST_CASE("many odd columns are counted", "[oddities]") {
  const CsvTable t = parse_csv("0,0,0,0,0,0,0,1\n0,0,0,0,0,0,0,2\n", "t.csv");
  CHECK(notes(t) == std::vector<std::string>{"columns 0, 1, 2, 3, 4, … (7 in all) have the same value in all rows"});
}

TEST_CASE("numbers of rows and names need rows enough; a gap is no constant", "[oddities]") {
  CHECK(notes(parse_csv("a,b\n0,u\n1,v\n2,w\n", "t.csv")).empty());
  CHECK(notes(parse_csv("a,b\n7,u\n,u\n7,w\n", "t.csv")).empty());
  CHECK(notes(parse_csv("a\n1\n2\n3\n4\n5\n", "t.csv")) == std::vector<std::string>{"column 'a' numbers the rows"});
  CHECK(notes(parse_csv("a\n1\n2\n3\n5\n4\n", "t.csv")).empty());
}

TEST_CASE("dates are known by their shape", "[oddities]") {
  for (const char* cell : {"2019-05-03", "3.5.2019", "05/03/19", "2019/5/3", "2019-05-03T12:30:00Z", "2019-05-03 12:30"}) CHECK(looks_like_date(cell));
  for (const char* cell : {"2019", "1.2", "1.2.3", "192.168.0.1", "2019-05", "12-345-6789", "2019-05-03x", "", "a-b-c", "2019-5/3"})
    CHECK_FALSE(looks_like_date(cell));
}
