#include "schedules/term.h"

#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("The text form is YAML's flow style", "[schedules]") {
  const Term scalar = parse_term(" 0.1 * min(1, step) ");
  CHECK(scalar.scalar == "0.1 * min(1, step)");
  CHECK(scalar.column == 2);

  const Term mapping = parse_term("{type: step, every: 10 epochs, 'of': [\"a, \\\"b\\\"\", 'it''s', {x: 1}]}");
  REQUIRE(mapping.kind == Term::Kind::mapping);
  CHECK(mapping.find("type")->scalar == "step");
  CHECK(mapping.find("every")->scalar == "10 epochs");
  CHECK(mapping.find("every")->column == 21);
  REQUIRE(mapping.find("of")->items.size() == 3);
  CHECK(mapping.find("of")->items[0].scalar == "a, \"b\"");
  CHECK(mapping.find("of")->items[1].scalar == "it's");
  CHECK(mapping.find("of")->items[2].find("x")->scalar == "1");
  CHECK(mapping.find("nothing") == nullptr);
}

TEST_CASE("A scalar is quoted where the flow style needs it", "[schedules]") {
  for (const std::string text : {"0.1", "step", "0.1 * floor(epoch / 10)", "min(1, 2)", "a: b", "say \"x\"", "back\\slash", "{", "-0.5", "@x", "a > b"}) {
    INFO(text);
    const Term list = parse_term("[" + flow_scalar(text) + "]");
    REQUIRE(list.items.size() == 1);
    CHECK(list.items[0].scalar == text);
  }
  CHECK(flow_scalar("0.1 * step") == "0.1 * step");
}

TEST_CASE("Broken text names its column", "[schedules]") {
  struct Row {
    std::string text;
    int column;
    const char* says;
  };
  const Row rows[] = {
      {"", 1, "empty"},
      {"{type: step", 1, "never closed"},
      {"[1, 2", 1, "never closed"},
      {"{type:step}", 7, "a space must stand behind `type:`"},
      {"{type}", 2, "has no value"},
      {"{type: a, type: b}", 11, "given twice"},
      {"{type: \"a}", 8, "quotation is never closed"},
      {"[1] 2", 5, "behind the end"},
      {"{a: }", 5, "value is missing"},
      {"{: 1}", 2, "key is missing"},
      {"{a: \"x\" y}", 9, "expected , or }"},
      {"[\"\\n\"]", 3, "backslash"},
      {std::string(100, '['), 34, "levels of brackets"},
      {std::string(100000, '{'), 2, "key is missing"},
  };
  for (const Row& row : rows) {
    INFO(row.text.substr(0, 40));
    try {
      parse_term(row.text);
      FAIL("was accepted");
    } catch (const TermError& error) {
      INFO(error.what());
      CHECK(error.line == 1);
      CHECK(error.column == row.column);
      CHECK(std::string(error.what()).find(row.says) != std::string::npos);
    }
  }
}

TEST_CASE("A number is a finite decimal, written whole", "[schedules]") {
  double value = 0;
  for (const char* text : {"0.1", "1e-4", "1e3", "-2", ".5", "5.", "0", "-0.25"}) {
    INFO(text);
    CHECK(parse_number(text, value));
  }
  for (const char* text : {"", "-", "010", "nan", "inf", "1e999", "1 2", "0x10", "5 epochs", "+1", "1_000", "step"}) {
    INFO(text);
    CHECK_FALSE(parse_number(text, value));
  }
}
