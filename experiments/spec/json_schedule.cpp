#include <cmath>
#include <set>

#include "experiments/spec/json_pieces.h"
#include "schedules/feedback_type.h"
#include "schedules/type.h"

namespace lehr::spec {

namespace {
constexpr const char *length_pattern = "^ *([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? *[kMG]? *(%|steps?|epochs?|samples?) *$",
                     *no_length_pattern = "^ *0*[.]?0* *[kMG]? *[%a-z]",  // 0 of any unit
                     *number_pattern = "^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)? *$";

}  // namespace

Json numeric(const char* type, double low, double high, bool above, bool below) {
  Json out{{"type", type}};
  if (std::isfinite(low)) out[above ? "exclusiveMinimum" : "minimum"] = low;
  if (std::isfinite(high)) out[below ? "exclusiveMaximum" : "maximum"] = high;
  return out;
}
Json formula() { return {{"type", "string"}, {"minLength", 1}, {"not", any_of({{{"pattern", number_pattern}}, {{"pattern", length_pattern}}})}}; }
Json length(bool may_be_0) {
  Json out{{"type", "string"}, {"pattern", length_pattern}};
  if (!may_be_0) out["not"] = {{"pattern", no_length_pattern}};
  return out;
}

namespace {
// One key of a schedule's type.
Json schedule_key(const lehr::Key& key) {
  using Kind = lehr::Key::Kind;
  const Range& r = key.range;
  const auto number = [&](const char* type) { return any_of({numeric(type, r.low, r.high, r.open, r.open), formula()}); };
  const bool may_be_0 = !r.open || r.low < 0;
  switch (key.kind) {
    case Kind::number:
      return number("number");
    case Kind::integer:
      return number("integer");
    case Kind::span:
      return length(may_be_0);
    case Kind::flag:
      return {{"type", "boolean"}};
    case Kind::word:
      return key.words.empty() ? Json{{"type", "string"}} : Json{{"enum", key.words}};
    case Kind::numbers:
      return some_of(number("number"));
    case Kind::spans:
      return some_of(length(may_be_0));
    case Kind::formula:
      return {{"type", {"string", "number"}}};
    case Kind::schedule:
      return key.words.empty() ? reference("schedule") : any_of({reference("schedule"), {{"type", "object"}}});  // a type of its own where it has none
    case Kind::schedules:
      return some_of(key.words.empty() ? reference("schedule") : any_of({reference("schedule"), {{"type", "object"}}}));
    case Kind::knots:
      return {{"type", "object"}, {"patternProperties", {{"^[0-9]+$", number("number")}}}, {"additionalProperties", false}};
  }
  return Json::object();
}

}  // namespace

Json schedule_form() {
  std::set<std::string> handed_on;  // by a type to its children
  for (const lehr::Type& type : standard_types()) handed_on.insert(type.inherits.begin(), type.inherits.end());
  Json types = Json::array({some_of(reference("schedule"))});
  types.push_back({{"type", "object"},
                   {"properties", {{"product", some_of(reference("schedule"))}, {"for", length(false)}, {"jump", {{"enum", {"ok"}}}}}},
                   {"required", {"product"}},
                   {"additionalProperties", false}});
  const auto add = [&](const lehr::Type& type) {
    Json properties{{"type", {{"const", type.name}, {"description", type.formula}}}};
    Json required = Json::array({"type"});
    for (const lehr::Key& key : type.keys) {
      properties[key.name] = key.fallback == "none" ? any_of({schedule_key(key), {{"enum", {"none", "None"}}}}) : schedule_key(key);
      properties[key.name]["description"] = key.meaning;
      if (key.fallback.empty() && !handed_on.contains(key.name)) required.push_back(key.name);
    }
    if (!properties.contains("for")) properties["for"] = length(false), properties["for"]["description"] = "of a phase in a list";
    if (!properties.contains("jump")) properties["jump"] = {{"enum", {"ok"}}, {"description", "of a phase in a list"}};
    types.push_back({{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}});
  };
  for (const lehr::Type& type : standard_types()) add(type);
  for (const FeedbackType& type : standard_feedback_types()) add(type.type);
  return {{"anyOf", types}};
}

Json begins_at_least_0() {
  Json properties = Json::object();
  for (const char* key : {"from", "initial", "value", "lr"}) properties[key] = {{"minimum", 0}};
  return {{"properties", properties}, {"items", reference("begins-at-least-0")}};
}

}  // namespace lehr::spec
