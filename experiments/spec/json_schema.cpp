#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
using Json = nlohmann::ordered_json;

Json any_of(std::initializer_list<Json> options) { return {{"anyOf", Json::array_t(options)}}; }
Json list_of(const Json& item) { return {{"type", "array"}, {"items", item}}; }
Json array() { return {{"type", "string"}, {"minLength", 1}}; }  // or another file
Json texts() { return {{"type", {"string", "number", "boolean"}}}; }
Json names(const std::vector<std::string>& values) {
  Json exact = Json::array();
  std::vector<Json> open;
  for (const std::string& value : values) {
    if (value.ends_with("_k"))
      open.push_back({{"type", "string"}, {"pattern", "^" + value.substr(0, value.size() - 1) + "[1-9][0-9]*$"}});
    else if (value == "true" || value == "false")
      exact.push_back(value == "true");
    else
      exact.push_back(value);
  }
  Json out{{"enum", exact}};
  if (open.empty()) return out;
  open.insert(open.begin(), out);
  return {{"anyOf", open}};
}
Json numeric(const Key& key, const char* type) {
  Json out{{"type", type}};
  if (std::isfinite(key.low)) out[key.above ? "exclusiveMinimum" : "minimum"] = key.low;
  if (std::isfinite(key.high)) out["maximum"] = key.high;
  return out;
}

// What one schedule may be beside a number or a formula: a typed mapping with the keys of its type, or phases.
Json schedule_form() {
  Json types = Json::array({{{"type", "array"}, {"minItems", 1}, {"items", {{"$ref", "#/$defs/schedule"}}}}});
  const Json nested{{"$ref", "#/$defs/schedule"}};
  types.push_back({{"type", "object"}, {"properties", {{"product", list_of(nested)}}}, {"required", {"product"}}});
  auto all = schedule_types();
  std::ranges::move(feedback_types(), std::back_inserter(all));
  for (const auto& type : all) {
    Json properties{{"type", {{"const", type.name}, {"description", type.formula}}}};
    Json required = Json::array({"type"});
    for (const auto& key : type.keys) {
      properties[key.name] = {{"description", key.meaning}};
      if (key.fallback.empty()) required.push_back(key.name);
    }
    for (const char* phase : {"for", "jump"})
      if (!properties.contains(phase)) properties[phase] = {{"description", "of a phase in a list"}};
    types.push_back({{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}});
  }
  return {{"anyOf", types}};
}

class Writer {
 public:
  explicit Writer(const Schema& schema) : schema_(schema) {}

  Json root() {
    const Json form{{"$ref", "#/$defs/schedule-form"}};
    Json defs{{"schedule", any_of({{{"type", {"number", "string"}}}, form})},
              {"rows", any_of({{{"type", "integer"}, {"minimum", 1}}, {{"type", "string"}, {"pattern", "[-+*/^( ]"}}, form})},
              {"schedule-form", schedule_form()}},
        properties = Json::object(), patch = Json::object();
    for (const Key* key : schema_.children("")) {
      if (!key->planned.empty()) continue;
      const std::string reference = "#/$defs/key-" + key->name();
      if (key->type != Type::variants) defs["key-" + key->name()] = described(*key);
      properties[key->name()] = {{"$ref", reference}};
      if (key->varies()) patch[key->name()] = {{"$ref", reference}};
    }
    const Json variant{{"type", "object"}, {"properties", patch}, {"patternProperties", {{"^[a-z_]+\\..+$", Json::object()}}}, {"additionalProperties", false}};
    defs["key-variants"] = {{"description", schema_.find("variants")->doc},
                            {"anyOf", Json::array({{{"type", "object"}, {"additionalProperties", variant}, {"minProperties", 1}}, {{"type", "null"}}})}};
    Json required = Json::array();
    for (const Key* key : schema_.children(""))
      if (key->required) required.push_back(key->name());
    return {{"$schema", "http://json-schema.org/draft-07/schema#"},
            {"title", "Lehr experiment"},
            {"type", "object"},
            {"properties", properties},
            {"additionalProperties", false},
            {"anyOf", Json::array({{{"required", {"extends"}}}, {{"required", required}}})},
            {"$defs", defs}};
  }

 private:
  Json described(const Key& key) {
    Json out{{"description", key.doc}};
    if (!key.fallback.empty() && key.type != Type::mapping) out["default"] = fallback(key);
    out["anyOf"] = Json::array({form(key), {{"type", "null"}}});
    return out;
  }

  static Json fallback(const Key& key) {
    if (key.type == Type::boolean) return key.fallback == "true";
    if (key.type == Type::integer || key.type == Type::rows) return read_integer(key.fallback).value;
    if (key.type == Type::number || (key.type == Type::schedule && read_number(key.fallback))) return read_number(key.fallback).value;
    return key.fallback;
  }

  Json form(const Key& key) {
    const Json schedule_reference{{"$ref", "#/$defs/schedule"}};
    switch (key.type) {
      case Type::mapping:
        return section(key);
      case Type::text:
        return texts();
      case Type::path:
        return array();
      case Type::integer:
        return numeric(key, "integer");
      case Type::number:
        return numeric(key, "number");
      case Type::boolean:
        return {{"type", "boolean"}};
      case Type::choice:
        return schema_.has_children(key.path) ? any_of({names(key.values), object(key.path, std::nullopt)}) : names(key.values);
      case Type::choices:
        return any_of({names(key.values), list_of(names(key.values))});
      case Type::texts:
        return any_of({texts(), list_of(texts())});
      case Type::features:
        return any_of({texts(), list_of(texts()), {{"type", "object"}, {"additionalProperties", object(key.path + ".*", std::nullopt)}}});
      case Type::numbers:
        return list_of(numeric(key, "number"));
      case Type::integers:
        return list_of(numeric(key, "integer"));
      case Type::portion:
        return {{"type", "string"}, {"pattern", "^[0-9.eE+]+ *(%|rows?)$"}};
      case Type::span:
        return {{"type", "string"}, {"pattern", "^[0-9.eE+]+ *[kMG]? *(%|steps?|epochs?|samples?)$"}};
      case Type::schedule:
        return schedule_reference;
      case Type::rows:
        return {{"$ref", "#/$defs/rows"}};
      case Type::init:
        return any_of({initializer(key), {{"type", "object"}, {"additionalProperties", initializer(key)}}});
      case Type::columns:
        return any_of({array(), {{"type", "object"}, {"additionalProperties", any_of({array(), list_of(texts())})}, {"minProperties", 1}}});
      case Type::arrays:
        return any_of({array(), {{"type", "object"}, {"additionalProperties", array()}, {"minProperties", 1}}});
      case Type::rules:
        return {{"type", "object"}, {"additionalProperties", rule()}};
      case Type::seeds:
        return any_of({numeric(key, "integer"), list_of({{"type", "integer"}, {"minimum", 0}})});
      case Type::sweep:
        return sweep();
      case Type::variants:
        break;
    }
    return Json::object();
  }

  // A list of values for each key that speaks of one trial.
  Json sweep() {
    Json properties = Json::object();
    const auto values = [](Json item) { return Json{{"type", "array"}, {"items", std::move(item)}, {"minItems", 1}}; };
    for (const Key* key : schema_.children(""))
      if (key->planned.empty() && key->varies()) properties[key->name()] = values({{"$ref", "#/$defs/key-" + key->name()}});
    return {{"type", "object"},
            {"properties", properties},
            {"patternProperties", {{"^[a-z_]+\\..+$", values(Json::object())}}},
            {"additionalProperties", false},
            {"minProperties", 1}};
  }

  static Json initializer(const Key& key) { return {{"type", "string"}, {"pattern", "^(" + join(key.values, "|") + ") *([(].*[)])?$"}}; }

  Json rule() {
    Json properties = Json::object();
    for (const Key* key : schema_.children("params.*")) properties[key->name()] = described(*key);
    for (const Key* key : schema_.children("optimizer"))
      if (key->type == Type::schedule) properties[key->name()] = described(*key);
    return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  }

  Json object(const std::string& path, std::optional<std::string> type) {
    Json properties = Json::object();
    for (const Key* key : schema_.children(path, type ? std::optional<std::string_view>(*type) : std::nullopt)) {
      properties[key->name()] = described(*key);
      if (type && key->name() == "type") properties["type"] = {{"const", *type}, {"description", key->doc}};
    }
    return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  }

  // One object for each type a mapping can have, and what its short form allows.
  Json section(const Key& key) {
    Json options = Json::array();
    if (!key.shorthand.empty()) options.push_back(form(*schema_.find(key.path + "." + key.shorthand)));
    if (const Key* type = schema_.find(key.path + ".type"))
      for (const std::string& value : type->values) options.push_back(object(key.path, value));
    else
      options.push_back(object(key.path, std::nullopt));
    return options.size() == 1 ? options[0] : Json{{"anyOf", options}};
  }

  const Schema& schema_;
};
}  // namespace

std::string json_schema(const Vocabulary& vocabulary) {
  const Schema schema(vocabulary);
  return Writer(schema).root().dump(2) + "\n";
}

}  // namespace lehr::spec
