#include "engine/data/fill.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "engine/data/dates.h"
#include "engine/data/problems.h"
#include "engine/data/target.h"
#include "engine/data/transforms.h"

namespace lehr::table {

namespace {
struct Filler {
  const CsvTable& table;
  const ColumnPlan& plan;
  const Filling& filling;
  std::int64_t begin, end;
  Field& field;
  std::vector<Misfit>& misfits;
  std::int64_t width = field.width();

  const Column& cells() const { return table.columns[filling.column]; }
  std::size_t at(std::int64_t row) const { return static_cast<std::size_t>(row * width + filling.offset); }
  float* floats() const { return field.f32.data(); }
  std::int64_t* integers() const { return field.i64.data(); }

  template <class Sentence>
  void misfit(std::int64_t row, const Sentence& sentence) const {
    misfits.push_back({row, misfits.size() < Problems::shown ? sentence() : std::string()});
  }

  void indicator() const {
    for (std::int64_t row = begin; row < end; ++row) floats()[at(row)] = missing(cells(), row);
  }

  void numbers() const {
    const bool held = cells().numeric && !plan.part;
    std::vector<double> values(held ? static_cast<std::size_t>(end - begin) : 0);
    if (held) cells().numbers.read(static_cast<std::size_t>(begin), values);
    if (held && linear(values)) return;
    for (std::int64_t row = begin; row < end; ++row) {
      std::optional<double> raw = held ? values[static_cast<std::size_t>(row - begin)] : raw_number(table, row, filling.column, plan.part);
      if (raw && std::isnan(*raw)) raw = plan.fill;
      const double x = raw ? plan.number(*raw) : 0;
      if (!raw || !put(at(row), x)) misfit(row, [&] { return table.place(row, filling.column) + ": " + why(row, raw, x); });
    }
  }

  // Where a number is only shifted and scaled; false where that is not so, or where a value does not fit.
  bool linear(std::span<const double> values) const {
    if (plan.kind != ColumnPlan::Kind::number || plan.transform != ColumnRule::Transform::none || !plan.knots.empty()) return false;
    const double shift = plan.shift, scale = plan.scale, gap = plan.fill.value_or(std::numeric_limits<double>::quiet_NaN());
    float* to = floats() + at(begin);
    bool fits = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double raw = std::isnan(values[i]) ? gap : values[i];
      const float x = static_cast<float>((raw - shift) * scale);
      to[i * static_cast<std::size_t>(width)] = x;
      fits &= std::abs(x) <= std::numeric_limits<float>::max();
    }
    return fits;
  }

  bool put(std::size_t i, double x) const {
    if (plan.kind == ColumnPlan::Kind::integer) {
      if (x != std::floor(x) || std::abs(x) > 9007199254740992.0) return false;  // 2^53
      integers()[i] = static_cast<std::int64_t>(x);
      return true;
    }
    floats()[i] = static_cast<float>(x);
    if (std::isfinite(floats()[i])) return true;
    floats()[i] = 0;
    return false;
  }

  std::string why(std::int64_t row, std::optional<double> raw, double x) const {
    const std::string cell = table.cell(row, filling.column);
    if (!raw) return cell.empty() ? "the value is missing" : plan.part ? not_a_date(cell) : not_a_number(cell);
    if (plan.kind == ColumnPlan::Kind::integer) return cat(*raw, " is not a whole number, as the model's input needs");
    const TransformRow& transform = transform_row(plan.transform);
    if (!transform.takes(*raw)) return cat(*raw, " is outside the domain of transform: ", transform.name, ", which takes numbers ", transform.domain);
    return cat(*raw, " becomes ", x, ", beyond the range of float32");
  }

  void categories() const {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int32_t text = cells().codes[static_cast<std::size_t>(row)];
      std::int64_t code = text < 0 ? filling.of_missing : filling.of_text[static_cast<std::size_t>(text)];
      if (code < 0 && plan.unknown == ColumnRule::Unknown::zeros) continue;
      if (code == unknown_code) code = filling.of_unknown;
      if (code < 0) misfit(row, [&] { return unknown(row); });
      else if (plan.kind == ColumnPlan::Kind::code) integers()[at(row)] = code;
      else floats()[at(row) + static_cast<std::size_t>(code)] = 1;
    }
  }

  std::string unknown(std::int64_t row) const {
    const std::string cell = table.cell(row, filling.column), place = table.place(row, filling.column);
    if (cell.empty()) return place + ": the value is missing";
    return cat(place, ": category ", quote(cell), " does not occur in the table trained on", did_you_mean(cell, plan.categories));
  }
};
}  // namespace

Filling::Filling(const CsvTable& table, const ColumnPlan& p, std::size_t c, std::int64_t o) : plan(&p), column(c), offset(o) {
  if (!p.is_category()) return;
  of_text = text_codes(table.columns[c], p.categories);
  const auto code_of = [&](const std::optional<std::string>& name, std::int64_t without) {
    const auto it = name ? std::ranges::find(p.categories, *name) : p.categories.end();
    return it == p.categories.end() ? without : it - p.categories.begin();
  };
  of_missing = code_of(p.fill_category, missing_code), of_unknown = code_of(p.frequent, unknown_code);
}

void fill(const CsvTable& table, const Filling& filling, std::int64_t begin, std::int64_t end, Field& field, std::vector<Misfit>& misfits) {
  const Filler filler{table, *filling.plan, filling, begin, end, field, misfits};
  if (filling.plan->is_category()) filler.categories();
  else if (filling.plan->kind == ColumnPlan::Kind::indicator) filler.indicator();
  else filler.numbers();
}

}  // namespace lehr::table
