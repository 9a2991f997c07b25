#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "engine/data/dates.h"
#include "engine/data/json.h"
#include "engine/data/preprocess.h"
#include "engine/data/transforms.h"

namespace lehr {

namespace {
constexpr const char *format = "lehr-preprocess/2", *before = "lehr-preprocess/1";
constexpr const char* kinds[] = {"number", "one_hot", "code", "integer", "indicator"};
constexpr const char* unknowns[] = {"error", "zeros", "most_frequent"};

template <std::size_t n>
std::size_t index_of(const char* const (&names)[n], const std::string& name, const char* what) {
  const auto at = std::ranges::find(names, name);
  if (at == std::end(names)) throw Error("unknown ", what, " ", quote(name));
  return static_cast<std::size_t>(at - names);
}
// The row of a table of ours by its name.
template <class Rows>
const auto& row_of(const Rows& rows, const std::string& name, const char* what) {
  const auto at = std::ranges::find_if(rows, [&](const auto& row) { return name == row.name; });
  if (at == rows.end()) throw Error("unknown ", what, " ", quote(name));
  return *at;
}

std::string column_text(const ColumnPlan& plan) {
  std::string out = cat("{\"kind\": \"", kinds[static_cast<std::size_t>(plan.kind)], "\", \"name\": ", json::string(plan.name));
  out += cat(", \"index\": ", plan.index);
  if (plan.kind == ColumnPlan::Kind::indicator) return out + "}";
  if (plan.is_category()) {
    out += ", \"categories\": " + json::list(plan.categories);
    if (plan.fill_category) out += ", \"fill\": " + json::string(*plan.fill_category);
    if (plan.unknown != ColumnRule::Unknown::error) out += cat(", \"unknown\": \"", unknowns[static_cast<std::size_t>(plan.unknown)], "\"");
    if (plan.frequent) out += ", \"frequent\": " + json::string(*plan.frequent);
    return out + "}";
  }
  if (plan.part) out += cat(", \"part\": \"", date_part_row(*plan.part).name, "\"");
  if (plan.transform != ColumnRule::Transform::none) out += cat(", \"transform\": \"", transform_row(plan.transform).name, "\"");
  out += cat(", \"shift\": ", plan.shift, ", \"scale\": ", plan.scale);
  if (!plan.knots.empty()) {
    std::vector<std::string> knots;
    for (const double knot : plan.knots) knots.push_back(number(knot));
    out += cat(", \"quantiles\": [", join(knots, ", "), "]", plan.normal ? ", \"normal\": true" : "");
  }
  if (plan.fill) out += cat(", \"fill\": ", *plan.fill);
  return out + "}";
}

void read_category(ColumnPlan& plan, const json::Value& value) {
  plan.categories = value.at("categories").texts();
  if (plan.categories.empty()) throw Error("column ", quote(plan.name), " has no categories");
  const auto one_of_them = [&](const json::Value& name) {
    if (std::ranges::find(plan.categories, name.text()) == plan.categories.end())
      throw Error("column ", quote(plan.name), " is filled with ", quote(name.text()), ", which is not one of its categories");
    return name.text();
  };
  if (const json::Value* fill = value.find("fill")) plan.fill_category = one_of_them(*fill);
  if (const json::Value* frequent = value.find("frequent")) plan.frequent = one_of_them(*frequent);
  if (const json::Value* unknown = value.find("unknown")) plan.unknown = static_cast<ColumnRule::Unknown>(index_of(unknowns, unknown->text(), "treatment"));
}

void read_number(ColumnPlan& plan, const json::Value& value) {
  plan.shift = value.at("shift").real();
  plan.scale = value.at("scale").real();
  if (const json::Value* fill = value.find("fill")) plan.fill = fill->real();
  if (const json::Value* part = value.find("part")) plan.part = row_of(standard_date_parts(), part->text(), "part of a date").part;
  if (const json::Value* transform = value.find("transform")) plan.transform = row_of(standard_transforms(), transform->text(), "transform").transform;
  if (const json::Value* knots = value.find("quantiles"))
    for (const json::Value& knot : knots->list()) plan.knots.push_back(knot.real());
  if (!std::ranges::is_sorted(plan.knots)) throw Error("the quantiles of column ", quote(plan.name), " do not ascend");
  if (const json::Value* normal = value.find("normal")) plan.normal = normal->boolean();
}

ColumnPlan column_plan(const json::Value& value) {
  ColumnPlan plan;
  plan.kind = static_cast<ColumnPlan::Kind>(index_of(kinds, value.at("kind").text(), "kind of column"));
  plan.name = value.at("name").text();
  plan.index = value.at("index").integer();
  if (plan.is_category()) read_category(plan, value);
  else if (plan.kind != ColumnPlan::Kind::indicator) read_number(plan, value);
  return plan;
}

NamedColumn named_column(const json::Value& value) {
  NamedColumn out{value.at("name").text(), value.at("index").integer()};
  if (const json::Value* shift = value.find("shift")) out.shift = shift->real();
  if (const json::Value* scale = value.find("scale")) out.scale = scale->real();
  if (out.scale == 0 || !std::isfinite(1 / out.scale)) throw Error("the target ", quote(out.name), " cannot be scaled by ", out.scale);
  return out;
}

Dataset::TargetScaling scaling(const json::Value& value) {
  Dataset::TargetScaling out;
  for (const json::Value& each : value.at("shift").list()) out.shift.push_back(each.real());
  for (const json::Value& each : value.at("scale").list()) out.scale.push_back(each.real());
  if (out.shift.size() != out.scale.size() || std::ranges::any_of(out.scale, [](double s) { return s == 0 || !std::isfinite(1 / s); }))
    throw Error("the target's scaling has ", out.shift.size(), " shifts and ", out.scale.size(), " scales, which must be as many, and not 0");
  return out;
}

void check(const Preprocess& p) {
  if (!p.arrays.empty()) return;
  const auto inside = [&](std::int64_t index) { return index >= 0 && index < p.table_columns; };
  for (const NamedColumn& target : p.targets)
    if (!inside(target.index)) throw Error("the target ", target.index, " is not one of ", p.table_columns, " columns");
  if (p.row_weight && !inside(p.row_weight->index)) throw Error("the row weights ", p.row_weight->index, " are not one of ", p.table_columns, " columns");
  for (const InputPlan& input : p.inputs)
    for (const ColumnPlan& plan : input.columns) {
      const auto target = std::ranges::find(p.targets, plan.index, &NamedColumn::index);
      if (!inside(plan.index) || target != p.targets.end())
        throw Error("column ", plan.index, " cannot be a feature of ", p.table_columns, " columns",
                    target != p.targets.end() ? cat(" with the target ", target->index) : std::string());
      if (plan.is_int64() != input.columns[0].is_int64())
        throw Error("input ", quote(input.name), " mixes category codes and numbers");
    }
}
}  // namespace

std::string Preprocess::json() const {
  std::string out = cat("{\n\"format\": \"", format, "\",\n\"header\": ", header, ",\n\"table_columns\": ", table_columns);
  std::vector<std::string> columns;
  for (const NamedColumn& t : targets)
    columns.push_back(cat("{\"name\": ", json::string(t.name), ", \"index\": ", t.index,
                          t.shift == 0 && t.scale == 1 ? std::string() : cat(", \"shift\": ", t.shift, ", \"scale\": ", t.scale), "}"));
  out += cat(",\n\"target\": {\"columns\": [", join(columns, ", "), "], \"classes\": ", json::list(classes), ", \"ignore\": ", json::list(ignore), "}");
  if (row_weight) out += cat(",\n\"row_weight\": {\"name\": ", json::string(row_weight->name), ", \"index\": ", row_weight->index, "}");
  out += cat(",\n\"missing\": ", json::list(missing), ",\n\"inputs\": [");
  const char* between_inputs = "\n";
  for (const InputPlan& input : inputs) {
    out += cat(between_inputs, "{\"name\": ", json::string(input.name), ", \"columns\": [");
    const char* between = "\n  ";
    for (const ColumnPlan& plan : input.columns) out += between + column_text(plan), between = ",\n  ";
    out += "\n]}";
    between_inputs = ",\n";
  }
  out += "\n]";
  std::vector<std::string> plans;
  for (const ArrayPlan& plan : arrays) plans.push_back(plan.json());
  if (!plans.empty()) out += cat(",\n\"arrays\": [\n", join(plans, ",\n"), "\n]");
  const auto numbers = [](const std::vector<double>& values) {
    std::vector<std::string> each;
    for (const double value : values) each.push_back(number(value));
    return join(each, ", ");
  };
  if (!target_scaling.empty())
    out += cat(",\n\"target_scaling\": {\"shift\": [", numbers(target_scaling.shift), "], \"scale\": [", numbers(target_scaling.scale), "]}");
  return out + "\n}\n";
}

Preprocess Preprocess::parse(std::string_view text) {
  return within("the saved preprocessing", [&] {
    const json::Value value = json::parse(text);
    const bool old = value.at("format").text() == before;
    if (!old && value.at("format").text() != format) throw Error("the format is ", quote(value.at("format").text()), ", not ", format);
    Preprocess out;
    out.header = value.at("header").boolean();
    out.table_columns = value.at("table_columns").integer();
    const json::Value& target = value.at("target");
    if (old) out.targets.push_back(named_column(target));
    else
      for (const json::Value& column : target.at("columns").list()) out.targets.push_back(named_column(column));
    out.classes = target.at("classes").texts();
    if (const json::Value* ignore = target.find("ignore")) out.ignore = ignore->texts();
    if (const json::Value* weight = value.find("row_weight")) out.row_weight = named_column(*weight);
    out.missing = value.at("missing").texts();
    for (const json::Value& input : value.at("inputs").list()) {
      InputPlan plan{input.at("name").text(), {}};
      for (const json::Value& column : input.at("columns").list()) plan.columns.push_back(column_plan(column));
      out.inputs.push_back(std::move(plan));
    }
    if (const json::Value* arrays = value.find("arrays"))
      for (const json::Value& array : arrays->list()) out.arrays.push_back(ArrayPlan::parse(array));
    if (const json::Value* scaled = value.find("target_scaling")) out.target_scaling = scaling(*scaled);
    check(out);
    return out;
  });
}

}  // namespace lehr
