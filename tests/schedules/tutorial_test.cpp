// The tutorial's decay has three readings; each has its own spelling here, with the values docs/tutorial_decay.md prints.
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::tutorial_clock;

namespace {
double in_epoch(const std::string& text, std::int64_t epoch, std::int64_t update = 0) { return parse_schedule(text).at(tutorial_clock(9 * epoch + update)); }
}  // namespace

TEST_CASE("Reading 1: what Keras ran, once an update", "[schedules][tutorial]") {
  for (const char* text :
       {"0.1 / (1 + 0.002 * step)", "{type: inverse_time, initial: 0.1, decay: 0.1 / 50}", "{type: inverse_time, initial: 0.1, rate: 0.002, every: 1 step}"}) {
    INFO(text);
    CHECK(in_epoch(text, 0) == 0.1);
    CHECK(in_epoch(text, 49, 0) == Approx(0.05313496280552604).epsilon(1e-14));
    CHECK(in_epoch(text, 49, 8) == Approx(0.05268703898840885).epsilon(1e-14));
  }
}

TEST_CASE("Reading 2: what the tutorial's formula says, once an epoch", "[schedules][tutorial]") {
  for (const char* text : {"0.1 / (1 + 0.002 * epoch)", "{type: inverse_time, initial: 0.1, decay: 0.002, per: epoch}",
                           "{type: inverse_time, initial: 0.1, decay: 0.002, every: 1 epoch, staircase: true}"}) {
    INFO(text);
    CHECK(in_epoch(text, 0, 8) == 0.1);
    CHECK(in_epoch(text, 49, 0) == Approx(0.09107468123861566).epsilon(1e-14));
    CHECK(in_epoch(text, 49, 8) == Approx(0.09107468123861566).epsilon(1e-14));
  }
}

TEST_CASE("Reading 3: what the tutorial's table prints, multiplied up", "[schedules][tutorial]") {
  const std::string run = "{type: cumulative, initial: 0.1, factor: 1 / (1 + 0.002 * epoch), per: epoch}";
  CHECK(in_epoch(run, 49, 0) == Approx(0.009321).epsilon(5e-5));
  CHECK(in_epoch(run, 49, 8) == in_epoch(run, 49, 0));
  const std::string printed = "{type: cumulative, initial: 0.1, factor: 1 / (1 + 0.001 * epoch), per: epoch}";
  const double table[] = {0.1, 0.0999000999, 0.0997006985, 0.09940249103, 0.09900646517};
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) CHECK(in_epoch(printed, epoch) == Approx(table[epoch]).epsilon(1e-9));
}

TEST_CASE("The tutorial's drop: the first plateau lasts 9 epochs, the others 10", "[schedules][tutorial]") {
  for (const char* text : {"0.1 * 0.5 ^ floor((1 + epoch) / 10)", "{type: step, initial: 0.1, factor: 0.5, every: 10 epochs, offset: 1}"}) {
    INFO(text);
    for (const auto& [epoch, value] : {std::pair{0, 0.1}, {8, 0.1}, {9, 0.05}, {18, 0.05}, {19, 0.025}, {49, 0.003125}}) {
      CHECK(in_epoch(text, epoch, 0) == Approx(value).epsilon(1e-15));
      CHECK(in_epoch(text, epoch, 8) == Approx(value).epsilon(1e-15));
    }
  }
}

TEST_CASE("The readings agree with the tables kept of them in every epoch", "[schedules][tutorial]") {
  const auto golden = nlohmann::json::parse(read_file(LEHR_SOURCE_DIR "/tests/golden/schedules/keras_legacy.json")).at("tutorial");
  const std::pair<const char*, const char*> rows[] = {
      {"printed_table", "{type: cumulative, initial: 0.1, factor: 1 / (1 + 0.001 * epoch), per: epoch}"},
      {"text_formula", "{type: inverse_time, initial: 0.1, decay: 0.002, per: epoch}"},
      {"drop", "0.1 * 0.5 ^ floor((1 + epoch) / 10)"},
  };
  for (const auto& [name, text] : rows) {
    INFO(text);
    const auto values = golden.at(name).at("lr").get<std::vector<double>>();
    REQUIRE(values.size() == 50);
    for (std::size_t epoch = 0; epoch < values.size(); ++epoch) CHECK(in_epoch(text, static_cast<std::int64_t>(epoch)) == Approx(values[epoch]).epsilon(1e-13));
  }
}
