// Every point of every golden schedule against the dialect of its library.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/file.h"
#include "schedules/feedback.h"
#include "tests/schedules/examples.h"
#include "tests/support/golden_schedule.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;
using nlohmann::json;

namespace {

struct Count {
  int sets = 0, points = 0, failed = 0, named = 0;
};

// What is wrong with a set, "" if nothing is. `values` are the library's at `points`.
std::string compare(const Schedule& schedule, const std::vector<double>& points, const std::vector<double>& values, double tolerance,
                    const NamedDifference* named, Count& count) {
  double largest = 0;
  for (const double v : values) largest = std::max(largest, std::abs(v));
  const Clock run = clock_of(0, static_cast<std::int64_t>(points.back()) + 1, 1);
  for (std::size_t i = 0; i < points.size(); ++i) {
    double wanted = values[i];
    if (named)
      for (const auto& [at, value] : named->points)
        if (at == points[i]) wanted = value;
    ++count.points;
    const double value = schedule.at(Moment{points[i], static_cast<double>(run.steps), run});
    if (!(std::abs(value - wanted) <= tolerance * largest)) return cat("at ", points[i], " it is ", value, ", the library has ", wanted);
  }
  return "";
}

std::string check_set(const std::string& library, const json& set, const char* points_key, double tolerance, Count& count) {
  const std::string id = set.at("id");
  const NamedDifference* named = named_difference(library, id);
  count.named += named != nullptr;
  try {
    const std::vector<double> points = golden_points(set.at(points_key));
    const Schedule schedule = parse_schedule(golden_text(library, set));
    if (named && !named->refused.empty()) return cat("is accepted, but should be refused with ", named->refused);
    if (!(parse_schedule(schedule.text()) == schedule)) return cat("does not read back from ", schedule.text());
    for (const char* half : {"momentum", "beta1"})
      if (set.contains(half)) {
        const Schedule other = parse_schedule(golden_text(library, set, ", drives: momentum"));
        auto values = set.at(half).get<std::vector<double>>();
        if (named) values[values.size() - 1] = values[values.size() - 2];
        if (const std::string problem = compare(other, points, values, tolerance, nullptr, count); !problem.empty()) return cat(half, " ", problem);
      }
    return compare(schedule, points, set.at("lr").get<std::vector<double>>(), tolerance, named, count);
  } catch (const Error& error) {
    const std::string what = error.what();
    return named && !named->refused.empty() && what.find(named->refused) != std::string::npos ? "" : what;
  }
}

// The metrics one after another; half-way through, a fresh object takes over from the saved state.
std::string check_observed(const std::string& library, const json& set, Count& count) {
  const NamedDifference* named = named_difference(library, set.at("id"));
  count.named += named != nullptr;
  try {
    const Controlled fresh = parse_controlled(golden_text(library, set));
    if (parse_controlled(fresh.text()).text() != fresh.text()) return cat("does not read back from ", fresh.text());
    Controlled now = fresh;
    const auto metric = set.at("metric").get<std::vector<double>>();
    const auto after = set.at(set.contains("lr_after") ? "lr_after" : "scale_after").get<std::vector<double>>();
    const double largest = *std::max_element(after.begin(), after.end());
    for (std::size_t i = 0; i < metric.size(); ++i) {
      const Clock clock = clock_of(static_cast<std::int64_t>(i) + 1, static_cast<std::int64_t>(metric.size()) + 1, 1);
      Controlled resumed = fresh;
      resumed.feedback()[0].load(now.feedback()[0].save());
      now = resumed;
      now.feedback()[0].observe(metric[i], clock);
      const double value = now.at(clock), wanted = named ? named->points[i].second : after[i];
      ++count.points;
      if (!(std::abs(value - wanted) <= 1e-12 * largest)) return cat("after observation ", i, " it is ", value, ", the library has ", wanted);
    }
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

void check_file(const std::filesystem::path& path, Count& count) {
  const json file = json::parse(read_file(path));
  const std::string library = file.at("source").at("library");
  const double tolerance = library == "tensorflow" ? 1e-7 : 1e-12;
  const std::pair<const char*, const char*> kinds[] = {{"sets", "n"}, {"epoch_sets", "epoch"}, {"jumps", "x"}, {"observed", ""}};
  for (const auto& [kind, points] : kinds) {
    if (!file.contains(kind)) continue;
    for (const json& set : file.at(kind)) {
      ++count.sets;
      const std::string problem = *points ? check_set(library, set, points, tolerance, count) : check_observed(library, set, count);
      if (problem.empty()) continue;
      ++count.failed;
      std::cout << "golden schedule " << path.filename().string() << " " << set.at("id").get<std::string>() << ": " << problem << "\n";
    }
  }
}
}  // namespace

TEST_CASE("Schedules equal the libraries' own", "[golden][schedules]") {
  const std::filesystem::path folder = golden_folder() + "/schedules";
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Count count;
  for (const auto& path : files) check_file(path, count);
  std::cout << "golden schedules: " << count.sets << " sets, " << count.points << " points, " << count.failed << " failed, " << count.named
            << " with a named difference (docs/schedule_differences.md)\n";
  CHECK(count.sets > 0);
  CHECK(count.failed == 0);
}
