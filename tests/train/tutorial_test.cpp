#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "experiments/report/statistics.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("the tutorial's 120 trainings are not told apart from Keras'", "[train][tutorial]") {
  const std::string root = LEHR_SOURCE_DIR;
  run::RunOptions options;
  const auto prepared = run::prepare(spec::read_study(root + "/experiments/ionosphere/ionosphere.yaml", run::vocabulary()), options);
  std::map<std::string, std::vector<double>> ours, theirs;
  for (const auto& r : run::run(prepared, options, {})) {
    REQUIRE(r.outcome == Outcome::done);
    const std::string variant = r.id.substr(0, r.id.find('/'));
    ours[variant].push_back(r.epochs.back().val.at(0).value * 116);
  }
  std::ifstream in(root + "/tests/golden/tutorial/keras.jsonl");
  const std::map<std::string, std::string> names{{"baseline", "baseline"}, {"momentum", "constant"}, {"time", "time"}, {"drop", "drop"}};
  for (std::string line; std::getline(in, line);) {
    const auto j = nlohmann::json::parse(line);
    if (const auto name = names.find(j.at("variant")); name != names.end() && j.at("init") == "glorot_uniform")
      for (const auto& correct : j.at("correct_of_116")) theirs[name->second].push_back(correct);
  }
  for (const char* variant : {"baseline", "constant", "time", "drop"}) {
    INFO(variant << ": " << report::summary(ours[variant]).mean << " rows right of 116, Keras " << report::summary(theirs[variant]).mean << " in "
                 << theirs[variant].size() << " runs");
    CHECK(ours[variant].size() == 30);
    CHECK(theirs[variant].size() >= 45);
    CHECK(report::welch_p(ours[variant], theirs[variant]) > 0.01);
  }
}
