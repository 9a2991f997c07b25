#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/data/json.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("JSON is read as it is meant", "[json]") {
  const json::Value v = json::parse(R"( {"a": [1, -2.5e3, 0.1], "b": {"c": true, "d": null}, "e": "x\"\\\/\n\u00e9\ud83d\ude00", "f": {}, "g": []} )");
  CHECK(v.at("a").list().size() == 3);
  CHECK(v.at("a").list()[0].integer() == 1);
  CHECK(v.at("a").list()[1].real() == -2500);
  CHECK(v.at("a").list()[2].real() == 0.1);
  CHECK(v.at("b").at("c").boolean());
  CHECK(v.at("e").text() == "x\"\\/\n\xc3\xa9\xf0\x9f\x98\x80");
  CHECK(v.find("z") == nullptr);
  CHECK_THROWS_AS(v.at("z"), Error);
  CHECK_THROWS_AS(v.at("a").text(), Error);
  CHECK_THROWS_AS(v.at("a").at("b"), Error);
}

TEST_CASE("what is not JSON is refused", "[json]") {
  for (const char* text : {"",
                           "{",
                           "[1,]",
                           "{\"a\" 1}",
                           "{a: 1}",
                           "[1 2]",
                           "\"x",
                           "\"\\q\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "nul",
                           "tru",
                           "1 2",
                           "+1",
                           "inf",
                           "-inf",
                           "1e999",
                           "\"a\nb\"",
                           "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"}) {
    INFO(text);
    CHECK_THROWS_AS(json::parse(text), Error);
  }
}

TEST_CASE("strings are written as another reader reads them", "[json]") {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "\xc3\xa9\xf0\x9f\x98\x80";
  CHECK(nlohmann::json::parse(json::string(all)).get<std::string>() == all);
  CHECK(json::parse(json::string(all)).text() == all);
  CHECK(json::list({"a", "b\""}) == "[\"a\", \"b\\\"\"]");
}
