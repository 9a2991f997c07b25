#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

namespace lehr::spec {

// Pieces of a JSON Schema (draft 7), for json_schema.cpp and json_schedule.cpp.
using Json = nlohmann::ordered_json;

inline Json any_of(std::initializer_list<Json> options) { return {{"anyOf", Json::array_t(options)}}; }
inline Json all_of(std::initializer_list<Json> options) { return {{"allOf", Json::array_t(options)}}; }
inline Json none_of(Json schema) { return {{"not", std::move(schema)}}; }
inline Json reference(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }
inline Json list_of(const Json& item) { return {{"type", "array"}, {"items", item}}; }
inline Json some_of(const Json& item) { return {{"type", "array"}, {"items", item}, {"minItems", 1}}; }
// A number of a range; `above`, `below`: without that end.
Json numeric(const char* type, double low, double high, bool above, bool below = false);
// A text that is no number: a number in quotes is refused.
Json formula();
// A length of training with its unit.
Json length(bool may_be_0);
// What one schedule may be beside a number or a formula: a typed mapping with the keys of its type, or phases. Refers to #/$defs/schedule.
Json schedule_form();
// Where a quantity is not below 0, a schedule of it does not begin below. Refers to itself as #/$defs/begins-at-least-0.
Json begins_at_least_0();

}  // namespace lehr::spec
