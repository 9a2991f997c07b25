#include <cmath>

#include "tests/schedules/examples.h"
#include "tests/support/catch.h"
#include "tests/support/golden_schedule.h"
#include "tests/support/python_formula.h"

using namespace lehr;
using test::python_formula;

TEST_CASE("a library's Python expression is read as a formula", "[schedules][golden]") {
  const struct { const char* python; double (*wanted)(double); } rows[] = {
      {"0.95**x", [](double x) { return std::pow(0.95, x); }},
      {"1/(1+0.002*n)", [](double x) { return 1 / (1 + 0.002 * x); }},
      {"0.5**((1+x)//10)", [](double x) { return std::pow(0.5, std::floor((1 + x) / 10)); }},
      {"0.9 if x%4==0 else 1", [](double x) { return std::fmod(x, 4) == 0 ? 0.9 : 1; }},
      {"lambda epoch: 1 - 0.1*(epoch % 3)", [](double x) { return 1 - 0.1 * std::fmod(x, 3); }},
      {"math.exp(-1e-1*x) + min(1, x/10)", [](double x) { return std::exp(-0.1 * x) + std::min(1.0, x / 10); }},
      {"-x**2 * 2**-x", [](double x) { return -x * x * std::pow(2, -x); }},
      {"1 if 3 <= x < 5 or not x != 9 else 0 if x < 7 else 2", [](double x) { return (x >= 3 && x < 5) || x == 9 ? 1.0 : x < 7 ? 0.0 : 2.0; }},
      {"lambda k: max(0.1, 0.5 * (1 + np.cos(np.pi * k / 20)))", [](double x) { return std::max(0.1, 0.5 * (1 + std::cos(std::acos(-1.0) * x / 20))); }},
      {"int(x / 4) - int(-x / 4)", [](double x) { return 2 * std::floor(x / 4); }},
  };
  for (const auto& row : rows) {
    const Schedule schedule = parse_schedule(flow_scalar(python_formula(row.python)));
    for (int x = 0; x < 12; ++x) {
      INFO(row.python << " at " << x << ": " << schedule.text());
      CHECK(schedule.at(test::clock_of(x, 20, 1)) == Approx(row.wanted(x)).epsilon(1e-13).margin(1e-15));
    }
  }
  for (const char* unknown : {"foo(x)", "y + 1", "x +", "round(x)", "lambda k: x", "x[0]", "log(x, 2)", "x if x"}) {
    INFO(unknown);
    CHECK_THROWS_WITH(python_formula(unknown), test::contains("no formula is known for"));
  }
}

TEST_CASE("an argument of a library's schedule is read or refused by its name", "[schedules][golden]") {
  const auto read = [](const char* library, const char* set) { return parse_schedule(test::golden_text(library, nlohmann::json::parse(set))); };
  CHECK(read("torch", R"j({"class": "torch.optim.lr_scheduler.LambdaLR", "args": {"lr_lambda": "0.5 ** (x // 2)"}, "optimizer_lr": 0.2})j")
            .at(test::clock_of(5, 9, 1)) == Approx(0.05));
  CHECK_THROWS_WITH(read("torch", R"j({"class": "torch.optim.lr_scheduler.StepLR", "args": {"step_size": 3, "verbose": true}, "optimizer_lr": 0.2})j"),
                    test::contains("verbose"));
  CHECK_NOTHROW(read("tensorflow", R"j({"class": "tf.keras.optimizers.legacy.Adam", "args": {"learning_rate": 0.1, "decay": 0.01, "amsgrad": true}})j"));
  CHECK_THROWS_WITH(read("tensorflow", R"j({"class": "tf.keras.optimizers.legacy.Adam", "args": {"learning_rate": 0.1, "decay": 0.01, "clipnorm": 1}})j"),
                    test::contains("clipnorm"));
}
