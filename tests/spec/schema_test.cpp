#include "experiments/spec/schema.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;
using Json = nlohmann::json;

namespace {
// The part of JSON Schema draft 7 that json_schema() uses; an unknown keyword is an error of the test.
class Validator {
 public:
  explicit Validator(Json schema) : root_(std::move(schema)) {}
  bool accepts(const Json& value) const { return accepts(root_, value); }

 private:
  static bool has_type(const std::string& type, const Json& v) {
    if (type == "integer") return v.is_number_integer() || (v.is_number() && v.get<double>() == static_cast<double>(v.get<long long>()));
    return (type == "number" && v.is_number()) || (type == "string" && v.is_string()) || (type == "boolean" && v.is_boolean()) ||
           (type == "object" && v.is_object()) || (type == "array" && v.is_array()) || (type == "null" && v.is_null());
  }
  bool keyword(const Json& schema, const std::string& word, const Json& rule, const Json& v) const {
    if (word == "$ref") return accepts(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), v);
    if (word == "type") return rule.is_string() ? has_type(rule, v) : std::ranges::any_of(rule, [&](const Json& t) { return has_type(t, v); });
    if (word == "anyOf") return std::ranges::any_of(rule, [&](const Json& s) { return accepts(s, v); });
    if (word == "allOf") return std::ranges::all_of(rule, [&](const Json& s) { return accepts(s, v); });
    if (word == "not") return !accepts(rule, v);
    if (word == "if") return !accepts(rule, v) || accepts(schema.at("then"), v);
    if (word == "uniqueItems") return !v.is_array() || std::set<Json>(v.begin(), v.end()).size() == v.size();
    if (word == "propertyNames")
      return !v.is_object() || std::ranges::all_of(v.items(), [&](const auto& item) { return accepts(rule, Json(item.key())); });
    if (word == "enum") return std::ranges::find(rule, v) != rule.end();
    if (word == "const") return rule == v;
    if (word == "minimum") return !v.is_number() || v >= rule;
    if (word == "maximum") return !v.is_number() || v <= rule;
    if (word == "exclusiveMaximum") return !v.is_number() || v < rule;
    if (word == "exclusiveMinimum") return !v.is_number() || v > rule;
    if (word == "pattern") return !v.is_string() || std::regex_search(v.get<std::string>(), std::regex(rule.get<std::string>()));
    if (word == "minLength") return !v.is_string() || v.get<std::string>().size() >= rule;
    if (word == "maxItems") return !v.is_array() || v.size() <= rule;
    if (word == "minItems") return !v.is_array() || v.size() >= rule;
    if (word == "minProperties") return !v.is_object() || v.size() >= rule;
    if (word == "required") return !v.is_object() || std::ranges::all_of(rule, [&](const Json& key) { return v.contains(key.get<std::string>()); });
    if (word == "items") return !v.is_array() || std::ranges::all_of(v, [&](const Json& item) { return accepts(rule, item); });
    if (word == "properties" || word == "patternProperties" || word == "additionalProperties") return !v.is_object() || members(schema, v);
    if (word != "description" && word != "default" && word != "title" && word != "$schema" && word != "$defs" && word != "then") throw std::runtime_error("keyword " + word);
    return true;
  }
  bool members(const Json& schema, const Json& v) const {
    for (const auto& [key, value] : v.items()) {
      bool known = false;
      if (schema.contains("properties") && schema["properties"].contains(key)) {
        known = true;
        if (!accepts(schema["properties"][key], value)) return false;
      }
      if (schema.contains("patternProperties"))
        for (const auto& [pattern, inner] : schema["patternProperties"].items())
          if (std::regex_search(key, std::regex(pattern))) {
            known = true;
            if (!accepts(inner, value)) return false;
          }
      if (known || !schema.contains("additionalProperties")) continue;
      const Json& rest = schema["additionalProperties"];
      if (rest.is_boolean() ? !rest.get<bool>() : !accepts(rest, value)) return false;
    }
    return true;
  }
  bool accepts(const Json& schema, const Json& v) const {
    for (const auto& [word, rule] : schema.items())
      if (!keyword(schema, word, rule, v)) return false;
    return true;
  }
  Json root_;
};

// As YAML in one line; only texts that must be are quoted.
std::string yaml(const Json& v) {
  std::vector<std::string> parts;
  if (v.is_object())
    for (const auto& [key, value] : v.items()) parts.push_back(Json(key).dump() + ": " + yaml(value));
  if (v.is_array())
    for (const Json& item : v) parts.push_back(yaml(item));
  if (v.is_structured()) return cat(v.is_object() ? "{" : "[", join(parts, ", "), v.is_object() ? "}" : "]");
  const std::string text = v.is_string() ? v.get<std::string>() : "";
  const bool number = text.find_first_not_of("-+0123456789.eE") == std::string::npos;
  return number || text.find_first_of("[]{}*&,") != std::string::npos ? v.dump() : text;
}

const char* const tutorial = R"~({
  "model": {"file": "mlp-34-34-1.onnx", "init": "glorot_uniform"},
  "data": {"file": "ionosphere.csv", "target": {"column": -1, "classes": ["b", "g"]}, "split": {"validation": "33%", "take": "tail"}},
  "loss": "binary_crossentropy", "metrics": ["accuracy"], "optimizer": {"type": "sgd", "momentum": 0.8, "form": "keras"}, "epochs": 50, "batch": 28,
  "variants": {"baseline": {"lr": 0.1, "optimizer.momentum": 0}, "time": {"lr": "0.1 / (1 + 0.002 * step)"}, "cosine": {"lr": {"type": "cosine", "from": 0.1, "to": 0}}},
  "repeat": {"seeds": 30}, "compare": {"against": "baseline"}})~";
}  // namespace

TEST_CASE("the JSON Schema accepts what the reader accepts and refuses what it refuses") {
  const Validator schema(Json::parse(json_schema(test_vocabulary())));
  const Json good = Json::parse(tutorial);
  CHECK(schema.accepts(good));
  const struct {
    const char *pointer, *value;
    bool fits;
  } rows[] = {
      {"/bacth", "3", false},
      {"/batch", "0", false},
      {"/batch", "\"many\"", false},
      {"/batch", "{\"size\": 4, \"last\": \"drop\"}", true},
      {"/batch", "{\"sise\": 4}", false},
      {"/epochs", "0", false},
      {"/loss", "\"mse\"", true},
      {"/loss", "\"msee\"", false},
      {"/loss", "{\"type\": \"huber\", \"delta\": 2}", true},
      {"/loss", "{\"type\": \"mse\", \"delta\": 2}", false},
      {"/optimizer", "\"adam\"", false},  // a variant sets optimizer.momentum
      {"/optimizer", "\"sgd\"", true},
      {"/optimizer", "{\"type\": \"adam\", \"momentum\": 0.5}", false},
      {"/optimizer/nesterov", "true", true},
      {"/optimizer/nesterov", "\"maybe\"", false},
      {"/metrics/0", "\"top_5\"", true},
      {"/metrics/0", "\"top_0\"", false},
      {"/data/split/validation", "\"40 rows\"", true},
      {"/data/split/validation", "0.33", false},
      {"/data/scale", "\"standard\"", true},
      {"/data/scale", "{\"divide\": 255}", true},
      {"/data/scale", "{\"divide\": 0}", false},
      {"/model/init", "{\"*\": \"normal(0.05)\"}", true},
      {"/model/init", "\"he_norml\"", false},
      {"/lr", "{\"type\": \"cosin\"}", false},
      {"/lr", "[{\"type\": \"linear\", \"from\": 0, \"to\": 1, \"for\": \"5 epochs\"}, {\"type\": \"constant\", \"value\": 1}]", true},
      {"/params", "{\"*.bias\": {\"freeze\": true, \"weight_decay\": 0}}", true},
      {"/params", "{\"*.bias\": {\"freez\": true}}", false},
      {"/variants/time/seed", "3", false},
      {"/variants/time/epochs", "3", true},
      {"/variants", "{}", false},
      {"/sweep", "{\"lr_scale\": [0.1, 1], \"optimizer.momentum\": [0.8]}", true},
      {"/sweep", "{\"lr_scale\": [0]}", false},
      {"/sweep", "{\"lr_scale\": []}", false},
      {"/sweep", "{\"lr_scale\": 1}", false},
      {"/sweep", "{\"seed\": [1]}", false},
      {"/sweep", "{}", false},
      {"/sweep", "{\"lr\": {\"log_uniform\": [1e-4, 1]}, \"batch.size\": {\"int_uniform\": [8, 64]}, \"lr_scale\": {\"choice\": [1, 2]}}", true},
      {"/sweep", "{\"lr\": {\"log_uniform\": [1e-4]}}", false},
      {"/sweep", "{\"lr\": {\"unifrom\": [1, 2]}}", false},
      {"/sweep", "{\"batch.size\": {\"int_uniform\": [1.5, 2]}}", false},
      {"/sweep", "{\"zip\": {\"lr_scale\": [1, 2], \"epochs\": [3, 4]}}", true},
      {"/sweep", "{\"zip\": {\"lr_scale\": [1, 2]}}", false},
      {"/search", "{\"method\": \"random\", \"trials\": 8}", true},
      {"/search", "{\"method\": \"halving\", \"from\": \"2 epochs\"}", true},
      {"/search", "{\"method\": \"grid\"}", false},
      {"/search", "{\"trials\": 8}", false},
      {"/folds", "5", true},
      {"/folds", "{\"k\": 5, \"stratify\": true, \"repeat\": 3}", true},
      {"/folds", "{\"k\": 1}", false},
      {"/folds", "{\"n\": 5}", false},
      {"/lr_scale", "0", false},
      {"/compare", "{\"select\": \"val_loss\"}", true},
      {"/early_stop", "5", false},
      {"/early_stop", "\"5 epochs\"", true},
      {"/early_stop", "{\"patience\": \"5 epochs\", \"on\": \"loss\"}", true},
      {"/early_stop", "{\"patience\": \"5 epochs\", \"form\": \"torch\"}", false},
      {"/on_divergence", "\"skip\"", true},
      {"/on_divergence", "{\"retry\": {\"times\": 2}}", true},
      {"/on_divergence", "{\"retry\": {\"times\": 0}}", false},
      {"/expect", "{\"loss\": \"<= 2\"}", true},
      {"/expect", "{\"loss\": \"2\"}", false},
      {"/expect", "{}", false},
      {"/max_steps", "0", false},
      {"/time_limit", "\"10 min\"", true},
      {"/extends", "\"base.yaml\"", true},
      {"/seed", "null", true},
  };
  for (const auto& row : rows) {
    Json changed = good;
    changed[Json::json_pointer(row.pointer)] = Json::parse(row.value);
    INFO(row.pointer << " = " << row.value);
    CHECK(schema.accepts(changed) == row.fits);
  }
  Json without = good;
  without.erase("model");
  CHECK_FALSE(schema.accepts(without));
}

// What `lehr validate` and a JSON Schema validator of editors say of the same files was compared, too.
TEST_CASE("the JSON Schema and the reader give the same verdict over a table of experiments") {
  const Vocabulary vocabulary = test_vocabulary();
  const Validator schema(Json::parse(json_schema(vocabulary)));
  const Json table = Json::parse(lehr::read_file(data_file("schema_cases.json")));
  const Folder folder;
  for (const Json& row : table.at("cases")) {
    Json changed = table.at("base");
    for (const auto& [pointer, value] : row.at("with").items()) changed[Json::json_pointer(pointer)] = value;
    const std::string text = yaml(changed);
    const std::string said = message(folder, text + "\n");
    INFO(row.dump() << "\n" << said);
    const bool by_schema = schema.accepts(changed);
    CHECK(by_schema == row.at("good").get<bool>());
    // What starts below 0 shows on the run's clock only.
    const bool on_the_clock = said.empty() && text.find("\"from\": -") != std::string::npos;
    CHECK((said.empty() && !on_the_clock) == row.at("good").get<bool>());
  }
}

TEST_CASE("every key can be explained, and the page names it") {
  const Vocabulary vocabulary = test_vocabulary();
  const std::string page = markdown_reference(vocabulary);
  const Schema schema(vocabulary);
  CHECK(schema.keys().size() > 60);
  for (const Key& key : schema.keys()) {
    INFO(key.path);
    const std::string text = explain(key.path, vocabulary);
    CHECK(text.find(key.path) == 0);
    CHECK(text.find(key.planned.empty() ? key.doc : key.planned) != std::string::npos);
    CHECK_FALSE(key.doc.empty());
    CHECK(page.find("`" + (key.parent() == "optimizer" ? key.name() : key.path) + "`") != std::string::npos);
    if (!key.fallback.empty()) CHECK(text.find(key.fallback) != std::string::npos);
  }
  for (const auto& type : schedule_types()) CHECK((page.find("`" + type.name + "`") != std::string::npos) == (type.name.find('.') == std::string::npos));
}

TEST_CASE("explanations say type, default, range, names and keys") {
  const Vocabulary vocabulary = test_vocabulary();
  const struct {
    const char* key;
    std::vector<std::string> parts;
  } rows[] = {
      {"", {"model", "epochs", "Times the training rows are gone through."}},
      {"epochs", {"a whole number", "required", "in [1, 1000000000]"}},
      {"data.split", {"validation", "take", "Default: random"}},
      {"data.split.take", {"tail", "as Keras' validation_split does", "stratified", "default  random"}},
      {"optimizer.momentum", {"(of optimizer type sgd)", "in [0, 1]", "default  0"}},
      {"momentum", {"optimizer.momentum"}},
      {"lr", {"optimizer.lr", "at least 0", "cosine"}},
      {"lr.type", {"cosine", "linear"}},
      {"lr.cosine", {"{type: cosine", "from", "to"}},
      {"lr.cosine.from", {"required"}},
      {"cosine", {"{type: cosine"}},
      {"params", {"freeze", "lr_scale"}},
      {"report", {"Not supported yet"}},
      {"early_stop", {"patience", "restore"}},
      {"on_divergence.retry", {"times"}},
      {"loss.delta", {"(of loss type huber)", "above 0"}},
      {"loss", {"type", "delta"}},
      {"metrics", {"accuracy", "top_k"}},
      {"adam", {"optimizer: adam", "beta1", "Decay of the mean. (in [0, 1]) Default: 0.9"}},
      {"phases", {"for", "jump"}},
      {"for", {"5 epochs"}},
      {"jump", {"jump: ok"}},
      {"params.*.lr", {"in place of", "optimizer.lr"}},
      {"params.fc1.*.weight_decay", {"'fc1.*'", "optimizer.weight_decay"}},
      {"params.*.freeze", {"Keep these parameters"}},
      {"StepLR", {"lr: {type: torch.StepLR", "step_size"}},
      {"accuracy", {"metrics: [accuracy]", "Part of the rows that are right."}},
      {"top_5", {"metrics: [top_5]"}},
      {"relu", {"model.mlp.activation: relu"}},
      {"he_normal", {"model.init: he_normal", "Normal, variance 2 / fan in."}},
      {"mae", {"loss: mae", "metrics: [mae]"}},
      {"standard", {"data.scale: standard"}},
  };
  for (const auto& row : rows) {
    const std::string text = explain(row.key, vocabulary);
    INFO(text);
    for (const std::string& part : row.parts) CHECK(text.find(part) != std::string::npos);
  }
  CHECK_THROWS_WITH(explain("optimizer.momentun", vocabulary), "unknown key 'optimizer.momentun', did you mean 'optimizer.momentum'?");
  CHECK_THROWS_WITH(explain("batch_size", vocabulary), "unknown key 'batch_size', did you mean 'batch'?");
  for (const auto& [theirs, ours] :
       {std::pair{"acc", "accuracy"}, {"cross_entropy", "categorical_crossentropy"}, {"xavier_uniform", "glorot_uniform"}, {"early_stopping", "early_stop"},
        {"lr_scheduler", "lr"}, {"adaam", "adam"}, {"steplr", "torch.StepLR"}})
    CHECK_THROWS_WITH(explain(theirs, vocabulary), cat("unknown key '", theirs, "', did you mean '", ours, "'?"));
  CHECK_THROWS_AS(explain("\x1b[31m", vocabulary), Error);
}

TEST_CASE("ranges in words") {
  const double infinity = std::numeric_limits<double>::infinity(), below_one = std::nextafter(1.0, 0.0);
  const auto range = [](double low, double high, bool above) {
    Key key;
    key.low = low, key.high = high, key.above = above;
    return key.range();
  };
  CHECK(range(-infinity, infinity, false) == "");
  CHECK(range(0, infinity, false) == "at least 0");
  CHECK(range(0, infinity, true) == "above 0");
  CHECK(range(-infinity, 2, false) == "at most 2");
  CHECK(range(-infinity, below_one, false) == "below 1");
  CHECK(range(0, 1, false) == "in [0, 1]");
  CHECK(range(0, below_one, true) == "in (0, 1)");
}
