#include "experiments/report/json_text.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace lehr::report {

namespace {
std::string dump(const nlohmann::ordered_json& j) { return j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace); }
}  // namespace

std::string json_list(const std::vector<std::string>& texts) { return dump(nlohmann::ordered_json(texts)); }

std::string json_object(const std::vector<std::pair<std::string, std::string>>& texts, const std::vector<std::pair<std::string, double>>& numbers) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const auto& [key, text] : texts) out[key] = text;
  for (const auto& [key, value] : numbers) out[key] = value;
  return dump(out);
}

std::vector<std::string> read_json_list(const std::string& text) {
  const auto j = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!j.is_array()) throw Error("no JSON list: ", printable(text.substr(0, 80)));
  std::vector<std::string> out;
  for (const auto& one : j) {
    if (!one.is_string()) throw Error("no JSON list of texts: ", printable(text.substr(0, 80)));
    out.push_back(one.get<std::string>());
  }
  return out;
}

}  // namespace lehr::report
