#include "base/table.h"

#include "tests/support/catch.h"
#include "tests/support/errors.h"

using namespace lehr;
using lehr::test::error_of;

namespace {
Table<int> filled() {
  Table<int> table("operator");
  table.add("Softmax", 13, 130);
  table.add("Softmax", 1, 10);
  table.add("Softmax", 11, 110);
  table.add("Relu", 6, 60);
  table.add("Tanh", 1);
  return table;
}
}  // namespace

TEST_CASE("a table finds the newest version that is not too new", "[base]") {
  const Table<int> table = filled();
  struct Row { int version, expected; };
  for (const Row row : {Row{1, 10}, {10, 10}, {11, 110}, {12, 110}, {13, 130}, {99, 130}}) CHECK(table.find("Softmax", row.version) == row.expected);
  CHECK(table.find("Softmax") == 130);
  CHECK(table.find("Tanh", 1) == 1);
  CHECK(table.lookup("Relu", 5) == nullptr);
  CHECK(table.lookup("Nothing") == nullptr);
  CHECK(table.versions("Softmax") == std::vector<int>{1, 11, 13});
  CHECK(table.versions("Nothing").empty());
  CHECK(table.names() == std::vector<std::string>{"Relu", "Softmax", "Tanh"});
}

TEST_CASE("a table's errors name what there is", "[base]") {
  Table<int> table = filled();
  CHECK(error_of([&] { table.find("softmx"); }) == "unknown operator 'softmx', did you mean 'Softmax'?\n  known: Relu, Softmax, Tanh");
  CHECK(error_of([&] { table.find("x\x1b"); }) == "unknown operator 'x\\x1b'\n  known: Relu, Softmax, Tanh");
  CHECK(error_of([&] { table.find("Relu", 5); }) == "operator 'Relu' does not exist in version 5");
  CHECK(error_of([&] { table.add("Relu", 6, 1); }) == "operator Relu version 6 is added twice");
  CHECK(table.find("Relu") == 60);
}
