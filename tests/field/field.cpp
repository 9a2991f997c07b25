#include "tests/field/field.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "tests/support/catch.h"

namespace lehr::field {

namespace fs = std::filesystem;

Case::Case(const std::string& name) {
  for (const auto& entry : fs::directory_iterator(fs::path(LEHR_SOURCE_DIR) / "tests/field" / name))
    fs::copy(entry.path(), path(entry.path().filename().string()));
}

test::Ran Case::run(const std::string& arguments, const std::string& out) const {
  const auto ran = lehr(cat("run ", arguments, " --out ", out));
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  return ran;
}

std::vector<double> Case::epochs(const std::string& name, const std::string& trial) const { return column(metrics(trial), name); }

std::vector<double> column(const std::string& csv, const std::string& name) {
  const auto lines = split(csv, '\n');
  const auto head = split(lines.front(), ',');
  const auto at = static_cast<std::size_t>(std::ranges::find(head, name) - head.begin());
  INFO(csv.substr(0, 400));
  REQUIRE(at < head.size());
  std::vector<double> out;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (!lines[i].empty()) out.push_back(std::strtod(std::string(split(lines[i], ',').at(at)).c_str(), nullptr));
  return out;
}

double mean_square(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace lehr::field
