#include <algorithm>
#include <cmath>

#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::clock_of;

TEST_CASE("Every type has an example, a formula and described keys", "[schedules]") {
  std::string all;
  for (const std::string& text : schedule_examples()) all += parse_schedule(text).text() + "\n";
  for (const ScheduleType& type : schedule_types()) {
    INFO(type.name);
    CHECK(all.find("type: " + type.name + ",") != std::string::npos);
    CHECK_FALSE(type.formula.empty());
    for (const auto& key : type.keys) CHECK_FALSE(key.meaning.empty());
  }
}

TEST_CASE("Text and schedule are the same thing", "[schedules]") {
  for (const std::string& text : schedule_examples()) {
    INFO(text);
    const Schedule schedule = parse_schedule(text);
    const Schedule again = parse_schedule(schedule.text());
    CHECK(again.text() == schedule.text());
    CHECK(again == schedule);
    for (const std::int64_t step : {0, 1, 7, 89, 90, 449}) CHECK(again.at(test::tutorial_clock(step)) == schedule.at(test::tutorial_clock(step)));
  }
  CHECK(parse_schedule("{type: drop, initial: 0.1, factor: 0.5, every: 10 epochs, offset: 0}") ==
        parse_schedule("{type: step, every: 10 epochs, factor: 0.5, initial: 0.1}"));
  CHECK(parse_schedule("{type: exponential, initial: 0.1/50, rate: 0.5, every: 1 step}").text() ==
        "{type: exponential, initial: 0.002, rate: 0.5, every: 1 step}");
  CHECK_FALSE(parse_schedule("0.1") == parse_schedule("0.2"));
}

TEST_CASE("Random access equals walking through the run", "[schedules]") {
  for (const std::string& text : schedule_examples()) {
    INFO(text);
    const Schedule walked = parse_schedule(text), asked = walked.clone();
    std::vector<double> values;
    for (std::int64_t step = 0; step < 450; ++step) values.push_back(walked.at(test::tutorial_clock(step)));
    for (std::int64_t i = 0; i < 450; ++i) {
      const std::int64_t step = i * 197 % 450;
      if (asked.at(test::tutorial_clock(step)) != values[static_cast<std::size_t>(step)]) FAIL("update " << step);
    }
  }
}

TEST_CASE("Every schedule is finite over ten million updates", "[schedules]") {
  for (const std::string& text : schedule_examples()) {
    INFO(text);
    const Schedule schedule = parse_schedule(text);
    for (std::int64_t step = 0; step < 10'000'000; step += step < 1000 ? 1 : 9973)
      if (const double value = schedule.at(clock_of(step, 10'000'000, 1000)); !std::isfinite(value)) FAIL("update " << step << ": " << value);
    CHECK(std::isfinite(schedule.at(clock_of(9'999'999, 10'000'000, 1000))));
    CHECK(std::isfinite(schedule.at(clock_of(0, 1, 1))));
  }
}
