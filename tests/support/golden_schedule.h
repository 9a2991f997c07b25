#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lehr::test {

// The folder the golden tests read: LEHR_GOLDEN, or the repository's own copy.
std::string golden_folder();

// A set of a golden file as the text of a Lehr schedule (or feedback): class and arguments under the library's own names.
std::string golden_text(const std::string& library, const nlohmann::json& set, const std::string& more = "");

// The points of a set: {"start", "stop", "every"} or a list.
std::vector<double> golden_points(const nlohmann::json& points);

// Differences that are meant: docs/schedule_differences.md explains each.
struct NamedDifference {
  std::string library, id;
  std::string refused;                                 // part of the message, where the set is refused
  std::vector<std::pair<double, double>> points = {};  // where Lehr's value is another one: the point, the value
};
const std::vector<NamedDifference>& named_differences();
const NamedDifference* named_difference(const std::string& library, const std::string& id);

}  // namespace lehr::test
