#pragma once
#include <string>
#include <utility>
#include <vector>

namespace lehr::report {

// Small JSON texts: ["a","b"] and {"a":"x"}; a value that is a number stays one where it is handed over as such.
std::string json_list(const std::vector<std::string>& texts);
std::string json_object(const std::vector<std::pair<std::string, std::string>>& texts, const std::vector<std::pair<std::string, double>>& numbers = {});
// The texts of such a list; Error where it is none.
std::vector<std::string> read_json_list(const std::string& text);

}  // namespace lehr::report
