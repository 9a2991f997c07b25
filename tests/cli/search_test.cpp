// Cross-validation and searches as a user runs them.
#include <cmath>

#include "base/text.h"
#include "experiments/store/run_folder.h"
#include "tests/cli/program.h"
#include "tests/cli/run_figures.h"
#include "tests/support/catch.h"

using namespace lehr;
using nlohmann::json;
using test::below_header;
using test::experiment;
using test::Workplace;

namespace {
constexpr const char* ranges = "sweep: {lr_scale: {log_uniform: [0.01, 10]}, optimizer.momentum: {uniform: [0, 0.95]}}\n";
std::string with_test(const std::string& epochs = "2") {
  std::string text = experiment("33%, take: tail", "20%, test: 20%");
  return text.replace(text.find("epochs: 2"), 9, "epochs: " + epochs);
}
double number_in(const json& j, const char* pointer) { return j.at(json::json_pointer(pointer)).get<double>(); }
}  // namespace

TEST_CASE("a random search chooses on validation rows and tests the chosen point once", "[cli][search]") {
  Workplace place;
  place.write("short.yaml", with_test() + ranges + "search: {method: random, trials: 6}\n");
  const auto ran = place.lehr("run short.yaml");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  CHECK(ran.out.find("1 variant x 6 points x 2 seeds = 12 runs") != std::string::npos);
  CHECK(ran.out.find("the best of 6 points that were looked at") != std::string::npos);
  CHECK(ran.out.find("the test rows had no say") != std::string::npos);
  int tested = 0;
  for (const auto& line : split(place.read("runs/short/summary.csv"), '\n'))
    if (line.find(",test_accuracy,") != std::string::npos) {
      ++tested;
      CHECK(line.find(",yes,done,") != std::string::npos);
    }
  CHECK(tested == 2);  // the seeds of one point
  // The same seed, the same points; the trial alone gives what it gave.
  const std::string metrics = place.read("runs/short/metrics.csv");
  CHECK(place.lehr("run short.yaml --out again --quiet").code == 0);
  CHECK(place.read("again/metrics.csv") == metrics);
  place.write("alone.yaml", place.config("runs/short/point-004/seed-1"));
  CHECK(place.lehr("run alone.yaml --quiet --out runs/alone").code == 0);
  CHECK(below_header(place.metrics("runs/alone/seed-1")) == below_header(place.metrics("runs/short/point-004/seed-1")));
  // What the test rows gave in the one pass behind the choice is what a training that has them from the start gives.
  const auto chosen = place.read("runs/short/summary.csv");
  const auto at = chosen.find(",test_accuracy,");
  const std::string line = chosen.substr(chosen.rfind('\n', at) + 1, chosen.find('\n', at) - chosen.rfind('\n', at) - 1);
  const std::string trial = line.substr(0, line.find(','));
  place.write("chosen.yaml", place.config("runs/short/" + trial));
  CHECK(place.lehr("run chosen.yaml --quiet --out runs/chosen").code == 0);
  const std::string value = line.substr(line.find(",test_accuracy,"));
  CHECK(place.read("runs/chosen/summary.csv").find(value) != std::string::npos);
  CHECK(place.lehr("verify runs/short").code == 0);
  // More points leave the first ones as they are.
  const auto more = place.lehr("resume runs/short --set search.trials=8");
  INFO(more.both());
  CHECK(more.code == 0);
  CHECK(place.metrics("runs/short/point-004/seed-1") == place.metrics("again/point-004/seed-1"));
  CHECK(place.exists("runs/short/run.db"));
  CHECK(place.status("runs/short/point-008/seed-0").find("\"done\"") != std::string::npos);
}

TEST_CASE("halving ends most points early and says when and why", "[cli][search]") {
  Workplace place;
  place.write("short.yaml", with_test("9") + ranges + "search: {method: halving, trials: 9}\n");
  const auto planned = place.lehr("plan short.yaml");
  INFO(planned.both());
  // 9 points to epoch 1, 3 to epoch 3, 1 to epoch 9: 9 + 6 + 6 of 81 epochs
  CHECK(planned.out.find("1 variant x 9 points x 2 seeds = 18 runs x 72 steps") != std::string::npos);
  CHECK(planned.out.find("after epochs 1, 3: at most 336 of 1,296 steps") != std::string::npos);
  const auto ran = place.lehr("run short.yaml --json --events events");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  CHECK(j.at("trials").at("done") == 2);
  CHECK(j.at("trials").at("cut") == 16);
  CHECK_FALSE(j.contains("unfinished"));
  CHECK(j.at("search").at("looks") == json({1, 3}));
  int cut = 0;
  for (const auto& line : split(place.read("events"), '\n'))
    if (!line.empty() && json::parse(line).at("event") == "trial_finished" && json::parse(line).at("outcome") == "cut") ++cut;
  CHECK(cut == 16);
  std::map<std::string, int> epochs;
  const store::Store store = store::read_run(place.path("runs/short"));
  for (const auto& trial : store.trials()) {
    ++epochs[cat(trial.status, " ", trial.epochs)];
    if (trial.status == "cut")
      CHECK(trial.result->message.find(cat("after epoch ", trial.epochs, " of 9: number ")) == 0);
  }
  CHECK(epochs == std::map<std::string, int>{{"cut 1", 12}, {"cut 3", 4}, {"done 9", 2}});
  // At each look those that go on stood before those that do not, by mean accuracy over the seeds, then by mean loss.
  const auto column = [&](const char* name) { return static_cast<std::size_t>(std::ranges::find(store.columns(), name) - store.columns().begin()); };
  for (const std::size_t look : {1, 3}) {
    std::map<std::string, std::pair<double, double>> stood;  // less is better
    std::map<std::string, bool> goes_on;
    const auto trials = store.trials();
    for (std::size_t i = 0; i < trials.size(); ++i) {
      const auto rows = store.rows(i);
      if (rows.size() < look) continue;
      const std::string point = trials[i].name.substr(0, trials[i].name.find('/'));
      stood[point].first -= rows[look - 1].values[column("val_accuracy")], stood[point].second += rows[look - 1].values[column("val_loss")];
      goes_on[point] = rows.size() > look;
    }
    CHECK(stood.size() == (look == 1 ? 9 : 3));
    for (const auto& [point, on] : goes_on)
      for (const auto& [other, also] : goes_on)
        if (on && !also) CHECK(stood[point] <= stood[other]);
  }
  CHECK(place.lehr("verify runs/short").code == 0);
  // The winner has trained as if nothing had been looked at.
  const std::string winner = [&] {
    for (const auto& trial : store.trials())
      if (trial.status == "done") return trial.name;
    return std::string();
  }();
  place.write("alone.yaml", place.config("runs/short/" + winner));
  CHECK(place.lehr("run alone.yaml --quiet --out runs/alone").code == 0);
  CHECK(below_header(place.metrics("runs/alone/" + winner.substr(winner.find('/') + 1))) == below_header(place.metrics("runs/short/" + winner)));
}

TEST_CASE("folds score every row once, with and without a split of their own", "[cli][folds]") {
  Workplace place;
  place.write("short.yaml", experiment("split: {validation: 33%, take: tail}", "scale: standard") + "folds: {k: 4, stratify: true}\nvariants: {a: {}, b: {optimizer.momentum: 0}}\n");
  const auto ran = place.lehr("run short.yaml --json");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  CHECK(j.at("plan").get<std::string>().find("2 variants x 4 folds x 2 seeds = 16 runs") != std::string::npos);
  for (const json& variant : j.at("variants")) {
    REQUIRE(variant.at("out_of_fold").size() == 2);  // seeds
    for (const json& sample : variant.at("out_of_fold")) CHECK(sample.at("rows") == 351);
    // Accuracy over all rows is the mean over folds, by their rows.
    const json& values = variant.at("quantities").at("val_accuracy").at("values");
    REQUIRE(values.size() == 8);
    for (std::size_t seed = 0; seed < 2; ++seed) {
      double right = 0;
      for (std::size_t fold = 0; fold < 4; ++fold) right += values[2 * fold + seed].get<double>() * (fold < 3 ? 88 : 87);
      CHECK(number_in(variant, cat("/out_of_fold/", seed, "/values/accuracy").c_str()) == Approx(right / 351));
    }
    // Samples are folds: the mean over seeds within each.
    CHECK(variant.at("quantities").at("val_accuracy").at("runs") == 4);
  }
  const json& difference = j.at(json::json_pointer("/variants/1/quantities/val_accuracy/difference"));
  CHECK(difference.at("pairs") == 4);
  const double width = test::corrected_width(j, "val_accuracy", 4, 2, 3.182446, 351.0 / (3 * 351.0));  // t(3); 351 rows are scored, 3 x 351 trained
  REQUIRE(width > 0);
  CHECK(difference.at("high").get<double>() - difference.at("low").get<double>() == Approx(width).epsilon(1e-5));
  CHECK(place.read("runs/short/summary.md").find("out of fold") != std::string::npos);
  CHECK(place.read("runs/short/summary.csv").starts_with("trial,variant,fold,seed,status,"));
  CHECK(place.read("runs/short/summary.csv").find("\nb/fold-3/seed-1,b,3,1,done,2,val_accuracy,") != std::string::npos);
  // One fold of one variant alone, and its model.
  CHECK(place.lehr("export runs/short --trial a/fold-3/seed-1").code == 0);
  CHECK(place.lehr("run short.yaml --only b/fold-2 --quiet --out one").code == 0);
  CHECK(below_header(place.metrics("one/b/fold-2/seed-0")) == below_header(place.metrics("runs/short/b/fold-2/seed-0")));
  place.write("alone.yaml", place.config("runs/short/b/fold-2/seed-1"));
  CHECK(place.lehr("run alone.yaml --quiet --out runs/alone").code == 0);
  CHECK(below_header(place.metrics("runs/alone/fold-2/seed-1")) == below_header(place.metrics("runs/short/b/fold-2/seed-1")));
}

TEST_CASE("inside folds a sweep chooses on rows of its own, and says where it does not", "[cli][folds]") {
  Workplace place;
  const std::string sweep = "sweep: {lr_scale: [0.01, 1]}\n";
  place.write("nested.yaml", experiment() + "folds: 3\n" + sweep);
  const auto nested = place.lehr("run nested.yaml");
  INFO(nested.both());
  CHECK(nested.code == 0);
  for (const char* part : {"test_accuracy", "out of fold", "each fold has the lr_scale that is best by its own val_accuracy", "/6 "})
    CHECK(nested.out.find(part) != std::string::npos);
  CHECK(nested.out.find("flatter") == std::string::npos);
  place.write("flat.yaml", experiment("split: {validation: 33%, take: tail}", "scale: standard") + "folds: 3\n" + sweep);
  const auto flat = place.lehr("run flat.yaml");
  INFO(flat.both());
  CHECK(flat.code == 0);
  CHECK(flat.out.find("the figures flatter: data.split.validation keeps rows apart within each fold") != std::string::npos);
  CHECK(flat.out.find("each fold has") == std::string::npos);  // one value for all folds
}

TEST_CASE("the values of a column are folds", "[cli][folds]") {
  Workplace place;
  std::string table = "x,y,site\n";
  for (int i = 0; i < 90; ++i) table += cat(i % 7, ",", 2 * (i % 7) + i % 3, ",", i % 9 < 4 ? "oslo" : i % 9 < 7 ? "bergen" : "A/B c", "\n");
  place.write("sites.csv", table);
  place.write("sites.yaml", "model: {mlp: {hidden: [4]}}\ndata: {file: sites.csv, target: y, drop: [site]}\nloss: mse\nmetrics: [rmse]\nlr: 0.01\nepochs: 3\nfolds: {column: site}\n");
  const auto ran = place.lehr("run sites.yaml --json");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  CHECK(j.at("plan").get<std::string>().find("3 folds") != std::string::npos);
  CHECK(number_in(j, "/variants/0/out_of_fold/0/rows") == 90);
  CHECK(place.read("runs/sites/metrics.csv").find("site=oslo/seed-0") != std::string::npos);
  CHECK(place.read("runs/sites/metrics.csv").find("site=value-1/seed-0") != std::string::npos);
  // rmse of all rows from those of the folds
  const json& values = j.at(json::json_pointer("/variants/0/quantities/val_rmse/values"));
  const double rows[] = {20, 30, 40};  // A/B c, bergen, oslo
  double squares = 0;
  for (std::size_t f = 0; f < 3; ++f) squares += rows[f] * std::pow(values[f].get<double>(), 2);
  CHECK(number_in(j, "/variants/0/out_of_fold/0/values/rmse") == Approx(std::sqrt(squares / 90)));
  place.write("sites2.yaml", "model: {mlp: {hidden: [4]}}\ndata: {file: sites.csv, target: y, drop: [site]}\nloss: mse\nlr: 0.01\nepochs: 3\nfolds: {column: sit}\n");
  const auto wrong = place.lehr("run sites2.yaml");
  CHECK(wrong.code != 0);
  CHECK(wrong.err.find("did you mean 'site'?") != std::string::npos);
}

TEST_CASE("folds that make no sense are refused with their place", "[cli][folds]") {
  Workplace place;
  const struct {
    std::string yaml, part;
    int code;
  } rows[] = {
      {"folds: 400\n", "400", 3},
      {"folds: 1\n", "short.yaml:13:8: folds.k must be in [2, 10000], not 1", 2},
      {"folds: {stratify: true}\n", "'folds.k' is missing", 2},
      {"folds: {k: 3, column: x}\n", "folds.column says itself which rows each fold has", 2},
      {"folds: {k: 3, only: 4}\n", "there is no fold '4'", 2},
      {"folds: 3\nrepeat.vary: [split]\n", "", 2},
      {"folds: {k: 2000, repeat: 1000}\n", "10000 are allowed", 2},
      {"folds: 3\ndata.test_file: x.csv\n", "", 2},
      {"variants: {a: {folds: 3}}\n", "'folds' speaks of all variants", 2},
  };
  for (const auto& row : rows) {
    place.write("short.yaml", experiment() + row.yaml);
    const auto ran = place.lehr("run short.yaml");
    INFO(row.yaml << ran.both());
    CHECK(ran.code == row.code);
    CHECK(ran.err.find(row.part) != std::string::npos);
  }
  place.write("short.yaml", experiment("33%, take: tail", "33%, test: 10%") + "folds: 3\n");
  CHECK(place.lehr("run short.yaml").err.find("data.split.test has no place beside folds") != std::string::npos);
}
