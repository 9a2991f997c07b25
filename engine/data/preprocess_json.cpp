#include <algorithm>

#include "base/error.h"
#include "engine/data/json.h"
#include "engine/data/preprocess.h"

namespace lehr {

namespace {
constexpr const char* format = "lehr-preprocess/1";
constexpr const char* kinds[] = {"number", "one_hot", "code", "integer"};

std::string column_text(const ColumnPlan& plan) {
  std::string out = cat("{\"kind\": \"", kinds[static_cast<std::size_t>(plan.kind)], "\", \"name\": ", json::string(plan.name));
  out += cat(", \"index\": ", plan.index);
  if (plan.categories.empty()) {
    out += cat(", \"shift\": ", plan.shift, ", \"scale\": ", plan.scale);
    if (plan.fill) out += cat(", \"fill\": ", *plan.fill);
  } else {
    out += ", \"categories\": " + json::list(plan.categories);
    if (plan.fill_category) out += ", \"fill\": " + json::string(*plan.fill_category);
  }
  return out + "}";
}

ColumnPlan column_plan(const json::Value& value) {
  ColumnPlan plan;
  const std::string& kind = value.at("kind").text();
  const auto at = std::ranges::find(kinds, kind);
  if (at == std::end(kinds)) throw Error("unknown kind of column ", quote(kind));
  plan.kind = static_cast<ColumnPlan::Kind>(at - kinds);
  plan.name = value.at("name").text();
  plan.index = value.at("index").integer();
  const json::Value* fill = value.find("fill");
  if (plan.kind == ColumnPlan::Kind::number || plan.kind == ColumnPlan::Kind::integer) {
    plan.shift = value.at("shift").real();
    plan.scale = value.at("scale").real();
    if (fill) plan.fill = fill->real();
  } else {
    plan.categories = value.at("categories").texts();
    if (plan.categories.empty()) throw Error("column ", quote(plan.name), " has no categories");
    if (fill) plan.fill_category = fill->text();
    if (fill && std::ranges::find(plan.categories, *plan.fill_category) == plan.categories.end())
      throw Error("column ", quote(plan.name), " is filled with ", quote(*plan.fill_category), ", which is not one of its categories");
  }
  return plan;
}

void check(const Preprocess& p) {
  if (p.target_index < 0 || p.target_index >= p.table_columns)
    throw Error("the target ", p.target_index, " is not one of ", p.table_columns, " columns");
  for (const InputPlan& input : p.inputs)
    for (const ColumnPlan& plan : input.columns) {
      if (plan.index < 0 || plan.index >= p.table_columns || plan.index == p.target_index)
        throw Error("column ", plan.index, " cannot be a feature of ", p.table_columns, " columns with the target ", p.target_index);
      if (plan.is_int64() != input.columns[0].is_int64())
        throw Error("input ", quote(input.name), " mixes category codes and numbers");
    }
}
}  // namespace

std::string Preprocess::json() const {
  std::string out = cat("{\n\"format\": \"", format, "\",\n\"header\": ", header, ",\n\"table_columns\": ", table_columns);
  out += cat(",\n\"target\": {\"name\": ", json::string(target), ", \"index\": ", target_index, ", \"classes\": ", json::list(classes), "}");
  out += cat(",\n\"missing\": ", json::list(missing), ",\n\"inputs\": [");
  const char* between_inputs = "\n";
  for (const InputPlan& input : inputs) {
    out += cat(between_inputs, "{\"name\": ", json::string(input.name), ", \"columns\": [");
    const char* between = "\n  ";
    for (const ColumnPlan& plan : input.columns) out += between + column_text(plan), between = ",\n  ";
    out += "\n]}";
    between_inputs = ",\n";
  }
  return out + "\n]\n}\n";
}

Preprocess Preprocess::parse(std::string_view text) {
  return within("the saved preprocessing", [&] {
    const json::Value value = json::parse(text);
    if (value.at("format").text() != format) throw Error("the format is ", quote(value.at("format").text()), ", not ", format);
    Preprocess out;
    out.header = value.at("header").boolean();
    out.table_columns = value.at("table_columns").integer();
    const json::Value& target = value.at("target");
    out.target = target.at("name").text();
    out.target_index = target.at("index").integer();
    out.classes = target.at("classes").texts();
    out.missing = value.at("missing").texts();
    for (const json::Value& input : value.at("inputs").list()) {
      InputPlan plan{input.at("name").text(), {}};
      for (const json::Value& column : input.at("columns").list()) plan.columns.push_back(column_plan(column));
      out.inputs.push_back(std::move(plan));
    }
    check(out);
    return out;
  });
}

}  // namespace lehr
