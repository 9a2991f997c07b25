#include "base/text.h"
#include "tests/field/field.h"
#include "tests/support/catch.h"

using namespace lehr;
using field::Case;
using field::contains;

TEST_CASE("a starter for an ordinary table runs and beats the baseline", "[field]") {
  const Case place("starter_tables");
  struct Row {
    const char *table, *target, *metric;
    double least;                       // the mean has R2 0; always the larger class of `weather` scores below 60 %; `nulls` are random numbers
    std::vector<std::string> says, left_out;
  };
  const Row rows[] = {
      {"cars", "Miles_per_Gallon", "val_r2", 0.5,
       {"7 rows of 160 without a target left out", "column 'Year': dates, year each a number", "'Name' is left out: it names rows: 128 texts in 160 rows"}, {"- Name"}},
      {"cars_de", "Miles_per_Gallon", "val_r2", 0.5, {"a number (numbers with fractions)"}, {"scale: standard"}},
      {"nulls", "y", "val_accuracy", 0, {"cells without a value, filled by the median or the most frequent name: v", "2 classes"}, {}},
      {"weather", "weather", "val_accuracy", 0.6, {"column 'date': dates, year, month each a number", "5 classes"}, {"date: {as: date, parts: [year, month]}"}},
  };
  for (const Row& row : rows) {
    INFO(row.table);
    const auto made = place.lehr(cat("init --data ", row.table, ".csv --target ", row.target));
    INFO(made.both());
    REQUIRE(made.code == 0);
    for (const auto& part : row.says) CHECK(contains(made.out, part));
    for (const auto& part : row.left_out) CHECK(contains(place.read(cat(row.table, ".yaml")), part));
    place.run(cat(row.table, ".yaml --seeds 1"), row.table);
    CHECK(place.epochs(row.metric, cat(row.table, "/seed-0")).back() > row.least);
    if (row.least > 0) continue;
    CHECK(contains(place.lehr(cat("run ", row.table, ".yaml --quiet --out all")).out, "the two are not told apart"));
  }
}
