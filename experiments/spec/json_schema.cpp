#include <algorithm>
#include <cmath>

#include "experiments/spec/json_pieces.h"
#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
constexpr const char* portion_pattern = "^([0-9]|[1-9][0-9])([.][0-9]*)? *%$|^[.][0-9]+ *%$|^[0-9]+ *rows?$";

Json list_of_names(const Json& item) { return {{"type", "array"}, {"items", item}, {"uniqueItems", true}}; }
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
Json range_of(const char* type, const Key& key) { return numeric(type, key.low, key.high, key.above); }
std::string alternatives(const std::vector<std::string>& names) { return "(" + join(names, "|") + ")"; }
std::string escaped(const std::string& path) {
  std::string out;
  for (const char c : path) out += c == '.' ? std::string("\\.") : std::string(1, c);
  return out;
}

class Writer {
 public:
  explicit Writer(const Schema& schema) : schema_(schema) {}

  Json root() {
    const Json form = reference("schedule-form");
    defs_ = {{"schedule", any_of({{{"type", "number"}}, formula(), form})},
             {"rows", any_of({numeric("integer", 1, 2147483647, false), {{"type", "string"}, {"pattern", "[-+*/^( ]"}}, form})},
             {"schedule-form", schedule_form()},
             {"begins-at-least-0", begins_at_least_0()}};
    Json properties = Json::object(), patch = Json::object();
    for (const Key* key : schema_.children("")) {
      if (!key->planned.empty()) continue;
      const std::string name = "key-" + key->name();
      if (key->type != Type::variants && key->type != Type::sweep) defs_[name] = described(*key);
      properties[key->name()] = reference(name);
      if (key->varies()) patch[key->name()] = reference(name);
    }
    add_dotted();
    for (const auto& [path, value] : dotted_.items()) patch[path] = value;
    const Json variant{{"type", "object"}, {"properties", patch}, {"patternProperties", open_}, {"additionalProperties", false}};
    defs_["key-variants"] = {{"description", schema_.find("variants")->doc},
                             {"anyOf", Json::array({{{"type", "object"}, {"additionalProperties", variant}, {"minProperties", 1}}, {{"type", "null"}}})}};
    defs_["key-sweep"] = {{"description", schema_.find("sweep")->doc}, {"anyOf", Json::array({sweep(patch), {{"type", "null"}}})}};
    Json rules = Json::array({complete()});
    for (const std::string& type : types_of_optimizer()) rules.push_back(of_optimizer(type));
    return {{"$schema", "http://json-schema.org/draft-07/schema#"},
            {"title", "Lehr experiment"},
            {"type", "object"},
            {"properties", properties},
            {"additionalProperties", false},
            {"allOf", rules},
            {"$defs", defs_}};
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
    switch (key.type) {
      case Type::mapping:
        return section(key);
      case Type::text:
        return texts();
      case Type::path:
        return array();
      case Type::integer:
        return range_of("integer", key);
      case Type::number:
        return range_of("number", key);
      case Type::boolean:
        return {{"type", "boolean"}};
      case Type::choice:
        return schema_.has_children(key.path) ? any_of({names(key.values), object(key.path, std::nullopt)}) : names(key.values);
      case Type::choices:
        return any_of({names(key.values), list_of_names(names(key.values))});
      case Type::texts:
        return any_of({texts(), list_of_names(texts())});
      case Type::features:
        return any_of({texts(), list_of_names(texts()), {{"type", "object"}, {"additionalProperties", object(key.path + ".*", std::nullopt)}}});
      case Type::numbers:
        return key.values.empty() ? list_of(range_of("number", key)) : any_of({names(key.values), list_of(range_of("number", key))});
      case Type::integers:
        return list_of(range_of("integer", key));
      case Type::portion:
        return {{"type", "string"}, {"pattern", portion_pattern}};
      case Type::interval:
        return any_of({length(false), {{"type", "string"}, {"pattern", "^ *[0-9]*[.]?[0-9]+([eE][-+]?[0-9]+)? *(s|sec|seconds?|min|minutes?|h|hours?) *$"}}});
      case Type::span:
        return length(true);
      case Type::schedule:
        return schedule(key);
      case Type::rows:
        return reference("rows");
      case Type::expectations:
        return {{"type", "object"},
                {"additionalProperties", {{"type", "string"}, {"pattern", "^ *(>=|<=|>|<) *[-+]?[0-9]*[.]?[0-9]+([eE][-+]?[0-9]+)? *$"}}},
                {"minProperties", 1}};
      case Type::init:
        return any_of({initializer(), {{"type", "object"}, {"additionalProperties", initializer()}}});
      case Type::columns:
        return any_of({array(), {{"type", "object"}, {"additionalProperties", any_of({array(), list_of_names(texts())})}, {"minProperties", 1}}});
      case Type::arrays:
        return any_of({array(), {{"type", "object"}, {"additionalProperties", array()}, {"minProperties", 1}}});
      case Type::rules:
        return {{"type", "object"}, {"additionalProperties", rule()}};
      case Type::seeds:
        return any_of({range_of("integer", key), {{"type", "array"}, {"items", {{"type", "integer"}, {"minimum", 0}}}, {"minItems", 1}, {"uniqueItems", true}}});
      case Type::sweep:
      case Type::variants:
        break;
    }
    return Json::object();
  }

  Json schedule(const Key& key) {
    const Key* meant = key.alias.empty() ? &key : schema_.find(key.alias);
    if (!std::isfinite(meant->low) && !std::isfinite(meant->high)) return reference("schedule");
    const Json typed = meant->low == 0 ? all_of({reference("schedule-form"), reference("begins-at-least-0")}) : reference("schedule-form");
    return any_of({range_of("number", *meant), formula(), typed});
  }

  // The keys inside sections, as a variant or a sweep names them: optimizer.momentum. A key that several types have may be that of any.
  void add_dotted() {
    std::vector<std::string> scheduled;
    for (const Key& key : schema_.keys()) {
      const Key* top = schema_.find(split(key.path, '.').front());
      if (!key.planned.empty() || key.study || !top || !top->varies()) continue;
      if (key.type == Type::schedule || key.type == Type::rows) scheduled.push_back(escaped(key.path));
      if (key.type == Type::columns) open_["^" + escaped(key.path) + "\\..+$"] = any_of({array(), list_of_names(texts()), {{"type", "null"}}});
      if (key.type == Type::features)
        for (const Key& child : schema_.keys())
          if (const std::string each = key.path + ".*."; child.path.starts_with(each))
            open_["^" + escaped(key.path) + "\\..+\\." + escaped(child.path.substr(each.size())) + "$"] = described(child);
      if (key.type == Type::init) open_["^" + escaped(key.path) + "\\..+$"] = any_of({initializer(), {{"type", "null"}}});
      if (key.path.find('.') == std::string::npos || key.path.find('*') != std::string::npos || dotted_.contains(key.path)) continue;
      Json forms = Json::array();
      for (const Key& other : schema_.keys())
        if (other.path == key.path)
          if (Json one = described(other); std::ranges::find(forms, one) == forms.end()) forms.push_back(std::move(one));
      defs_["key-" + key.path] = forms.size() == 1 ? forms[0] : Json{{"anyOf", forms}};
      dotted_[key.path] = reference("key-" + key.path);
    }
    open_["^" + alternatives(scheduled) + "\\.[a-z_]+$"] = Json::object();  // inside a schedule: lr.from
    const Json settings = rule()["properties"];
    for (const auto& [name, value] : settings.items()) open_["^params\\..+\\." + name + "$"] = value;
  }

  // A list of values for each key that speaks of one trial.
  Json sweep(const Json& patch) const {
    Json properties = Json::object(), patterns = Json::object();
    const auto values = [](const Json& item) { return some_of(all_of({item, none_of({{"type", "null"}})})); };
    const auto only = [](const char* name, const Json& value) {
      return Json{{"type", "object"}, {"properties", {{name, value}}}, {"required", {name}}, {"additionalProperties", false}};
    };
    const auto pair_of = [](const Json& item) { return Json{{"type", "array"}, {"items", item}, {"minItems", 2}, {"maxItems", 2}}; };
    Json ranges = Json::array();
    for (const char* name : {"uniform", "log_uniform"}) ranges.push_back(only(name, pair_of({{"type", "number"}})));
    ranges.push_back(only("int_uniform", pair_of({{"type", "integer"}})));
    Json together = Json::object(), together_patterns = Json::object();
    const auto dimension = [&](const Json& list) {
      Json forms = ranges;
      forms.push_back(list), forms.push_back(only("choice", list));
      return Json{{"anyOf", forms}};
    };
    for (const auto& [path, value] : patch.items()) together[path] = values(value), properties[path] = dimension(values(value));
    for (const auto& [pattern, value] : open_.items()) together_patterns[pattern] = values(value), patterns[pattern] = dimension(values(value));
    const Json zip{{"type", "object"}, {"properties", together}, {"patternProperties", together_patterns}, {"additionalProperties", false}, {"minProperties", 2}};
    properties["zip"] = any_of({zip, some_of(zip)});
    return {{"type", "object"}, {"properties", properties}, {"patternProperties", patterns}, {"additionalProperties", false}, {"minProperties", 1}};
  }

  // name, or name(number, …) with as many numbers as it takes
  Json initializer() const {
    const std::string number = "[0-9.]+([eE][-+]?[0-9]+)?";
    std::vector<std::string> forms;
    for (const auto& [name, row] : schema_.vocabulary().initializers) {
      const std::string more = cat("( *, *", number, "){", std::max(0, row.least - 1), ",", std::max(0, row.most - 1), "}");
      forms.push_back(cat(name, row.most == 0 ? "" : cat(" *([(] *", number, more, " *[)])", row.least == 0 ? "?" : "")));
    }
    return {{"type", "string"}, {"pattern", "^ *(" + join(forms, "|") + ") *$"}};
  }

  Json rule() {
    Json properties = Json::object();
    for (const Key* key : schema_.children("params.*")) properties[key->name()] = described(*key);
    for (const Key* key : schema_.children("optimizer"))
      if (key->type == Type::schedule && !properties.contains(key->name())) {
        Json forms = Json::array();
        for (const Key& other : schema_.keys())
          if (other.path == key->path && other.type == Type::schedule)
            if (Json one = form(other); std::ranges::find(forms, one) == forms.end()) forms.push_back(std::move(one));
        properties[key->name()] = {{"description", key->doc}, {"anyOf", forms}};
      }
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

  // A file that stands alone, without layers that could add to it, has all that is required, at every depth.
  Json complete() const {
    Json required = Json::array(), inside = Json::object();
    for (const Key* key : schema_.children("")) {
      if (key->required) required.push_back(key->name()), inside[key->name()] = none_of({{"type", "null"}});
      if (key->type == Type::mapping && key->planned.empty()) demand(*key, inside);
    }
    const Json alone{{"required", required},
                     {"properties", inside},
                     {"anyOf", Json::array({{{"required", {"lr"}}},
                                            {{"properties", {{"optimizer", {{"type", "object"}, {"required", {"lr"}}}}}}, {"required", {"optimizer"}}}})}};
    Json rules = Json::array({any_of({{{"required", {"extends"}}}, {{"required", {"variants"}}}, {{"required", {"sweep"}}}, alone})});
    // What speaks of all trials is in no variant.
    Json always = Json::object();
    for (const Key* key : schema_.children(""))
      if (key->type == Type::mapping && key->planned.empty() && !key->varies()) demand(*key, always);
    rules.push_back(any_of({{{"required", {"extends"}}}, {{"properties", always}}}));
    // What the file itself lacks, every variant or the sweep has, as a key or with a dot behind it.
    for (const Json& key : required) {
      const Json has = none_of({{"propertyNames", none_of({{"pattern", "^" + key.get<std::string>() + "(\\.|$)"}})}});
      rules.push_back(any_of({{{"required", {key}}},
                              {{"required", {"extends"}}},
                              {{"required", {"sweep"}}, {"properties", {{"sweep", has}}}},
                              {{"required", {"variants"}}, {"properties", {{"variants", {{"additionalProperties", has}}}}}}}));
    }
    return {{"allOf", rules}};
  }
  // What the mapping `key` needs, where it stands as one; with `instead` either of two keys.
  void demand(const Key& key, Json& properties) const {
    if (key.path == "optimizer") return;  // its lr may stand at the top
    Json needs = Json::array(), inside = Json::object();
    for (const Key* child : schema_.children(key.path)) {
      if (child->type == Type::mapping) demand(*child, inside);
      if (!child->required || !child->of.empty()) continue;
      Json one{{"required", {child->name()}}};
      needs.push_back(child->instead.empty() ? one : any_of({one, {{"required", {schema_.find(child->instead)->name()}}}}));
    }
    Json out = Json::object();
    if (!needs.empty()) out["allOf"] = needs;
    if (!inside.empty()) out["properties"] = inside;
    if (out.empty()) return;
    properties[key.name()] = properties.contains(key.name()) ? all_of({properties[key.name()], out}) : out;
  }

  std::vector<std::string> types_of_optimizer() const {
    const Key* type = schema_.find("optimizer.type");
    return type ? type->values : std::vector<std::string>();
  }
  // With this optimizer, which no variant and no sweep changes, no key of another is set.
  Json of_optimizer(const std::string& type) const {
    std::vector<std::string> own{"type"}, settings, foreign;
    for (const Key* key : schema_.children("params.*")) settings.push_back(key->name());
    for (const Key* key : schema_.children("optimizer", type)) {
      own.push_back(key->name());
      if (key->type == Type::schedule) settings.push_back(key->name());
    }
    for (const Key* key : schema_.children("optimizer"))
      if (std::ranges::find(own, key->name()) == own.end() && std::ranges::find(foreign, key->name()) == foreign.end()) foreign.push_back(key->name());
    const Json changes = any_of({{{"required", {"optimizer"}}}, {{"required", {"optimizer.type"}}}});
    const Json given = any_of({{{"const", type}}, {{"type", "object"}, {"properties", {{"type", {{"const", type}}}}}, {"required", {"type"}}}});
    Json is{{"properties", {{"optimizer", given}, {"variants", {{"additionalProperties", none_of(changes)}}}, {"sweep", none_of(changes)}}},
            {"required", {"optimizer"}}};
    if (schema_.find("optimizer.type")->fallback == type) {
      const Json untold = none_of(any_of({{{"type", {"string", "null"}}}, {{"required", {"type"}}}}));
      Json by_default = is;
      by_default["properties"]["optimizer"] = untold;
      by_default["required"] = Json::array();
      by_default["not"] = {{"required", {"extends"}}};
      is = any_of({is, by_default});
    }
    const Json rules{{"additionalProperties", {{"propertyNames", {{"enum", settings}}}}}};
    const Json patch{{"propertyNames", none_of({{"pattern", "^(optimizer|params\\..+)\\." + alternatives(foreign) + "$"}})}};
    Json variant = patch;
    variant["properties"] = {{"params", rules}};
    const Json mapping{{"propertyNames", {{"enum", own}}}};
    return {{"if", is},
            {"then",
             {{"properties", {{"optimizer", mapping}, {"params", rules}, {"variants", {{"additionalProperties", variant}}}, {"sweep", patch}}}}}};
  }

  const Schema& schema_;
  Json defs_, dotted_ = Json::object(), open_ = Json::object();
};
}  // namespace

std::string json_schema(const Vocabulary& vocabulary) {
  const Schema schema(vocabulary);
  return Writer(schema).root().dump(2) + "\n";
}

}  // namespace lehr::spec
