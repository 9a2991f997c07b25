#pragma once
#include <string>
#include <vector>

#include "tests/cli/program.h"

namespace lehr::field {

// A workplace with the files of tests/field/NAME in it.
class Case : public test::Workplace {
 public:
  explicit Case(const std::string& name);
  // Runs an experiment into the folder `out`; requires that it ends well, and returns what it printed.
  test::Ran run(const std::string& arguments, const std::string& out = "out") const;
  // A column of the trial's metrics.csv, one number an epoch.
  std::vector<double> epochs(const std::string& column, const std::string& trial = "out/seed-0") const;
};

// Column `name` of a CSV text with a header.
std::vector<double> column(const std::string& csv, const std::string& name);
double mean_square(const std::vector<double>& a, const std::vector<double>& b);
bool contains(const std::string& text, const std::string& part);

}  // namespace lehr::field
