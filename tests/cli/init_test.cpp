// lehr init: the starter of a table, and what it decides.
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/rng.h"
#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::Workplace;

namespace {
// n rows of a line in x with a wave, behind `before`, the target last.
std::string table(const std::string& header, int n, const std::function<std::string(int)>& row) {
  std::string out = header + "\n";
  for (int i = 0; i < n; ++i) out += row(i) + "\n";
  return out;
}
std::string x(int i) { return fixed(std::sin(0.7 * i) * 3, 3); }
std::string y(int i) { return fixed(500 + 100 * std::sin(0.7 * i), 2); }

bool has(const std::string& text, const std::string& part) {
  INFO("expected: " << part << "\nin: " << text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}
// The last value of a column of the trial's metrics.
double last(const Workplace& place, const std::string& run, const std::string& column) {
  const auto lines = split(place.metrics(run + "/seed-0"), '\n');
  const auto names = split(lines.front(), ',');
  const auto at = static_cast<std::size_t>(std::ranges::find(names, column) - names.begin());
  std::string value;
  for (const auto& line : lines)
    if (!line.empty()) value = split(line, ',').at(at);
  return std::stod(value);
}
}  // namespace

TEST_CASE("init leaves out what names rows, understands marks, drops rows without a target, scales a regression's target, and says so", "[cli][init]") {
  const Workplace place;
  place.write("shop.csv", table("id,day,name,flat,gone,x,city,n,price", 120, [](int i) {
                return cat(i + 1, ",2020-", pad_left(cat(1 + i / 28), 2), "-", 1 + i % 28, ",item ", i * 7, ",3,,", x(i), ",", i % 3 ? "Rome" : "Oslo", ",",
                           i % 10 == 4 ? "NULL" : i % 10 == 5 ? "--" : cat(i % 7), ",", i % 12 == 5 ? "" : y(i));
              }));
  const auto made = place.lehr("init --data shop.csv");
  INFO(made.both());
  REQUIRE(made.code == 0);
  const std::string yaml = place.read("shop.yaml");
  for (const char* part :
       {"wrote shop.yaml", "'id' is left out: it numbers the rows from 1", "'day' is left out: each of its texts stands in one row", "'name' is left out",
        "'flat' is left out: it has the same value in all rows", "'gone' is left out: it has no value", "10 rows of 120 without a target left out",
        "city (2)", "target 'price': a number (numbers with fractions)", "next: lehr run shop.yaml"})
    has(made.out, part);
  for (const char* part : {"mlp: {hidden: [64, 64], activation: relu}", "target: {column: price, scale: standard, missing: drop}", "categorical: [city]",
        "impute: median", "loss: mse"})
    has(yaml, part);
  CHECK_FALSE(place.exists("model.onnx"));
  const auto ran = place.lehr("run shop.yaml --seeds 1 --out out");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  CHECK(last(place, "out", "val_r2") > 0.9);  // the mean has 0
}

TEST_CASE("two starters in one folder do not collide", "[cli][init]") {
  const Workplace place;
  place.write("a.csv", table("x,y", 60, [](int i) { return x(i) + "," + y(i); }));
  place.write("b.csv", table("x,y", 60, [](int i) { return x(i) + "," + (i % 2 ? "yes" : "no"); }));
  REQUIRE(place.lehr("init --data a.csv").code == 0);
  REQUIRE(place.lehr("init --data b.csv").code == 0);
  const std::string first = place.read("a.yaml");
  const auto again = place.lehr("init --data a.csv --hidden 8,4 --activation tanh --split 25%,10%,tail --task regress");
  INFO(again.both());
  REQUIRE(again.code == 0);
  has(again.out, "wrote a-2.yaml");
  CHECK(place.read("a.yaml") == first);
  const std::string other = place.read("a-2.yaml");
  for (const char* part : {"hidden: [8, 4], activation: tanh", "init: glorot_uniform", "split: {validation: 25%, test: 10%, take: tail}",
        "repeat: {seeds: 20}"})
    has(other, part);
  has(place.read("b.yaml"), "take: stratified");
  has(place.read("b.yaml"), "repeat: {seeds: 20, vary: [split]}");
  CHECK(place.lehr("validate a.yaml a-2.yaml b.yaml").code == 0);
}

TEST_CASE("init --model writes the network as a file, and again once the columns changed", "[cli][init]") {
  const Workplace place;
  place.write("t.csv", table("x,z,kind", 90, [](int i) { return cat(x(i), ",", i % 5, ",", i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c"); }));
  const auto made = place.lehr("init --data t.csv --model net.onnx --hidden 7");
  INFO(made.both());
  REQUIRE(made.code == 0);
  has(made.out, "wrote net.onnx (2-7-3) and t.yaml");
  has(place.read("t.yaml"), "model: {file: net.onnx, init: he_uniform}");
  CHECK(place.lehr("validate t.yaml").code == 0);
  place.write("t.csv", table("x,z,town,kind", 90, [](int i) {
                return cat(x(i), ",", i % 5, ",", i % 2 ? "u" : "v", ",", i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c");
              }));
  std::string yaml = place.read("t.yaml");
  yaml.replace(yaml.find("  scale: standard"), 0, "  categorical: [town]\n");
  place.write("t.yaml", yaml);
  CHECK(place.lehr("validate t.yaml").code == 3);
  const auto again = place.lehr("init --data t.csv --model net.onnx");
  INFO(again.both());
  REQUIRE(again.code == 0);
  has(again.out, "wrote net.onnx (4-7-3), as the columns of t.yaml need it");
  CHECK(place.read("t.yaml") == yaml);
  CHECK(place.lehr("validate t.yaml").code == 0);
  // A network of another make stays.
  const std::string before = place.read("mlp-34-34-1.onnx");
  place.lehr("init --data t.csv --model ionosphere.csv");
  CHECK(place.read("mlp-34-34-1.onnx") == before);
  CHECK(place.lehr("init --data t.csv --model ionosphere.csv").code != 0);
}

TEST_CASE("what init decides on a column or a target", "[cli][init]") {
  struct Row {
    const char *what, *header;
    std::string (*row)(int);
    const char* options;
    int code;
    std::vector<std::string> says, yaml;
  };
  const Row rows[] = {
      {"rating", "x,stars", [](int i) { return x(i) + "," + cat(1 + i % 5); }, "", 0,
       {"5 classes (a few whole numbers); --task regress"}, {"categorical_crossentropy"}},
      {"asked", "x,stars", [](int i) { return x(i) + "," + cat(1 + i % 5); }, "--task regress", 0, {"a number (as --task says)"}, {"loss: mse"}},
      {"count", "x,n", [](int i) { return x(i) + "," + cat(i * i % 61); }, "", 0, {"a number (many numbers)"}, {"loss: mse"}},
      {"truth", "x,ok", [](int i) { return x(i) + "," + (i % 2 ? "True" : "False"); }, "", 0, {"2 classes (texts)"}, {"binary_crossentropy"}},
      {"series", "YEAR,spots", [](int i) { return cat(1700 + i, ",", y(i)); }, "", 0, {"target 'spots'"}, {"target: {column: spots"}},
      {"keys", "user_id,x,y", [](int i) { return cat(7919 * (i + 3) % 100003, ",", x(i), ",", y(i)); }, "", 0,
       {"'user_id' is left out: it is a number of its own"}, {"- user_id"}},
      {"measured", "x,w,y", [](int i) { return cat(x(i), ",", fixed(0.37 * i, 2), ",", y(i)); }, "", 0, {"target 'y'"}, {}},
      {"dropped", "x,w,y", [](int i) { return cat(x(i), ",", i % 7, ",", y(i)); }, "--drop w", 0, {"'w' is left out: --drop"}, {"- w  # --drop"}},
      {"own mark", "x,w,y", [](int i) { return cat(x(i), ",", i % 9 == 2 ? "off" : cat(i % 7), ",", y(i)); }, "--missing off", 0,
       {"taken for no value in columns of numbers: 'off'"}, {"off]"}},
      {"twice", "x,x,y", [](int i) { return cat(x(i), ",", i % 7, ",", y(i)); }, "", 0, {"target 'y'"}, {}},
      {"no header", "0.5,1,2.5", [](int i) { return cat(x(i), ",", i % 7, ",", y(i)); }, "", 0, {"target '2'"}, {"target: {column: 2"}},
      {"names", "x,name", [](int i) { return cat(x(i), ",row ", i); }, "", 2, {"the target 'name' names rows"}, {}},
      {"one value", "x,y", [](int i) { return x(i) + ",3"; }, "", 2, {"nothing to tell apart"}, {}},
      {"nothing left", "name,y", [](int i) { return cat("row ", i, ",", y(i)); }, "", 2, {"no column left to learn from", "names rows"}, {}},
      {"no such column", "x,y", [](int i) { return x(i) + "," + y(i); }, "--drop z", 2, {"--drop", "'z'"}, {}},
      {"texts", "x,y", [](int i) { return x(i) + "," + (i % 2 ? "a" : "b"); }, "--task regress", 2, {"--task regress needs numbers"}, {}},
      {"wrong task", "x,y", [](int i) { return x(i) + "," + y(i); }, "--task cluster", 2, {"--task is classify or regress"}, {}},
      {"wrong split", "x,y", [](int i) { return x(i) + "," + y(i); }, "--split 20%,tial", 2, {"not 'tial', did you mean 'tail'?"}, {}},
  };
  for (const Row& row : rows) {
    const Workplace place;
    INFO(row.what);
    place.write("t.csv", table(row.header, 80, row.row));
    const auto made = place.lehr(cat("init --data t.csv ", row.options));
    INFO(made.both());
    CHECK(made.code == row.code);
    for (const auto& part : row.says) has(made.both(), part);
    CHECK(place.exists("t.yaml") == (row.code == 0));
    if (row.code != 0) continue;
    for (const auto& part : row.yaml) has(place.read("t.yaml"), part);
    const auto fine = place.lehr("validate t.yaml");
    INFO(fine.both());
    CHECK(fine.code == 0);
  }
}

TEST_CASE("of dates those parts become numbers that differ", "[cli][init]") {
  struct Row {
    const char* what;
    std::string (*date)(int);
    int rows;
    const char* yaml;  // "": names rows
  };
  const Row rows[] = {
      {"days of a month", [](int i) { return cat("2024-03-", pad_left(cat(1 + i % 28), 2)); }, 60, "when: {as: date, parts: [day]}"},
      {"months", [](int i) { return cat(2000 + i / 12, "-", 1 + i % 12 < 10 ? "0" : "", 1 + i % 12, "-01"); }, 60, "when: {as: date, parts: [year, month]}"},
      {"many days", [](int i) { return cat(2001 + i / 250, "-", 10 + i % 3, "-", 10 + i % 19); }, 1000, "when: {as: date, parts: [year, month, weekday]}"},
      {"hours", [](int i) { return cat("2024-03-01 ", 10 + i % 13, ":00"); }, 60, "when: {as: date, parts: [hour]}"},
      {"minutes", [](int i) { return cat("2024-03-01T00:", 10 + i % 50, ":00Z"); }, 60, "when: {as: date, parts: [minute]}"},
      {"another way to write them", [](int i) { return cat(1 + i % 28, ".3.20", 10 + i / 28); }, 60, ""},
      {"one that is none", [](int i) { return i == 7 ? std::string("2024-02-30") : cat("2024-03-", 10 + i % 20, " 1", i / 20, ":00"); }, 60, ""},
  };
  for (const Row& row : rows) {
    const Workplace place;
    INFO(row.what);
    place.write("t.csv", table("when,x,y", row.rows, [&](int i) {
                  std::string date = row.date(i);
                  std::ranges::replace(date, ' ', std::string_view(row.what) == "hours" || std::string_view(row.what) == "one that is none" ? 'T' : '0');
                  return cat(i % 9 == 4 && row.yaml[0] ? "" : date, ",", x(i), ",", y(i));
                }));
    const auto made = place.lehr("init --data t.csv");
    INFO(made.both() << place.read("t.yaml"));
    REQUIRE(made.code == 0);
    has(place.read("t.yaml"), row.yaml[0] ? row.yaml : "- when  # ");
    CHECK(place.lehr("validate t.yaml").code == 0);
  }
}

TEST_CASE("the starter of a table that tells nothing says so, that of one that tells says by how much it is better", "[cli][init]") {
  const Workplace place;
  Random random(5, Stream::init);
  place.write("noise.csv", table("x,y", 40, [&](int) { return cat(random.uniform(), ",", random.uniform()); }));
  place.write("line.csv", table("x,y", 40, [&](int i) { return cat(x(i), ",", y(i)); }));
  place.write("two.csv", table("x,y", 40, [&](int i) { return cat(x(i), ",", std::sin(0.7 * i) > 0 ? "a" : "b"); }));
  for (const char* name : {"noise", "line", "two"}) REQUIRE(place.lehr(cat("init --data ", name, ".csv")).code == 0);
  has(place.lehr("run noise.yaml --quiet").out, ": the two are not told apart, so these runs do not show that the columns tell of the target");
  has(place.lehr("run line.yaml --quiet").out, "always answering the mean of the training rows has val_rmse 7");
  for (const char* name : {"line", "two"}) {
    const auto ran = place.lehr(cat("run ", name, ".yaml --quiet --force"));
    has(ran.out, "; this network is better by ");
    CHECK(ran.out.find("not told apart") == std::string::npos);
  }
  has(place.lehr("run two.yaml --quiet --force").out, "always answering the most frequent class of the training rows has val_accuracy 62.50 %");
}
