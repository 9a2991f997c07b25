#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/memory.h"
#include "engine/data/dates.h"
#include "engine/data/preprocess.h"
#include "engine/data/problems.h"
#include "engine/data/scalers.h"
#include "engine/data/target.h"
#include "engine/data/transforms.h"

namespace lehr {

namespace {
// Where the fitted columns stand in another table: by name under a header, else by index, which shifts if the target is not there.
struct Columns {
  const Preprocess& fitted;
  const CsvTable& table;
  bool lacks_target = false;

  Columns(const Preprocess& preprocess, const CsvTable& t, bool with_target) : fitted(preprocess), table(t) {
    const auto count = static_cast<std::int64_t>(table.columns.size());
    if (fitted.header && table.header) return;
    const auto targets = static_cast<std::int64_t>(fitted.targets.size());
    lacks_target = !with_target && targets > 0 && count == fitted.table_columns - targets;
    if (count == fitted.table_columns || lacks_target) return;
    throw Error("it has ", count, " columns, the model was trained on ", fitted.table_columns, with_target ? "" : " with the target")
        .code(Exit::mismatch);
  }
  std::size_t find(const std::string& name, std::int64_t index) const {
    if (fitted.header && table.header) return table.find(name, index);
    const auto before = std::ranges::count_if(fitted.targets, [&](const NamedColumn& target) { return target.index < index; });
    return static_cast<std::size_t>(index - (lacks_target ? before : 0));
  }
};

std::int64_t scalars(const ColumnPlan& plan) {
  return plan.kind == ColumnPlan::Kind::one_hot ? static_cast<std::int64_t>(plan.categories.size()) : 1;
}

// Cells that do not fit: problems of the file, or of their rows.
class Misfits {
 public:
  Misfits(const CsvTable& table, Problems& problems, UnfitRows* unfit) : table_(table), problems_(problems), unfit_(unfit) {}
  template <class Sentence>
  void add(std::int64_t row, const Sentence& sentence) {
    if (!unfit_) return problems_.add(sentence);
    unfit_->rows.resize(static_cast<std::size_t>(table_.rows));
    if (unfit_->rows[static_cast<std::size_t>(row)]) return;
    unfit_->rows[static_cast<std::size_t>(row)] = true;
    if (++unfit_->count <= static_cast<std::int64_t>(Problems::shown)) unfit_->text += cat(unfit_->text.empty() ? "" : "\n", sentence());
  }

 private:
  const CsvTable& table_;
  Problems& problems_;
  UnfitRows* unfit_;
};

class Filler {
 public:
  Filler(const CsvTable& table, Field& field, Misfits& misfits) : table_(table), field_(field), width_(field.width()), misfits_(misfits) {}

  void fill(const ColumnPlan& plan, std::size_t column, std::int64_t offset) {
    if (plan.is_category()) categories(plan, column, offset);
    else if (plan.kind == ColumnPlan::Kind::indicator) indicator(column, offset);
    else numbers(plan, column, offset);
  }

 private:
  std::size_t at(std::int64_t row, std::int64_t offset) const { return static_cast<std::size_t>(row * width_ + offset); }

  void indicator(std::size_t column, std::int64_t offset) {
    for (std::int64_t row = 0; row < table_.rows; ++row) field_.f32[at(row, offset)] = table::missing(table_.columns[column], row);
  }

  void numbers(const ColumnPlan& plan, std::size_t column, std::int64_t offset) {
    for (std::int64_t row = 0; row < table_.rows; ++row) {
      std::optional<double> raw = table::raw_number(table_, row, column, plan.part);
      if (raw && std::isnan(*raw)) raw = plan.fill;
      const double x = raw ? plan.number(*raw) : 0;
      if (!raw || !put(plan, at(row, offset), x)) misfits_.add(row, [&] { return table_.place(row, column) + ": " + why(plan, row, column, raw, x); });
    }
  }

  bool put(const ColumnPlan& plan, std::size_t i, double x) {
    if (plan.kind == ColumnPlan::Kind::integer) {
      if (x != std::floor(x) || std::abs(x) > 9007199254740992.0) return false;  // 2^53
      field_.i64[i] = static_cast<std::int64_t>(x);
      return true;
    }
    field_.f32[i] = static_cast<float>(x);
    if (std::isfinite(field_.f32[i])) return true;
    field_.f32[i] = 0;
    return false;
  }

  std::string why(const ColumnPlan& plan, std::int64_t row, std::size_t column, std::optional<double> raw, double x) const {
    const std::string cell = table_.cell(row, column);
    if (!raw) return cell.empty() ? "the value is missing" : plan.part ? not_a_date(cell) : not_a_number(cell);
    if (plan.kind == ColumnPlan::Kind::integer) return cat(*raw, " is not a whole number, as the model's input needs");
    const TransformRow& transform = transform_row(plan.transform);
    if (!transform.takes(*raw)) return cat(*raw, " is outside the domain of transform: ", transform.name, ", which takes numbers ", transform.domain);
    return cat(*raw, " becomes ", x, ", beyond the range of float32");
  }

  void categories(const ColumnPlan& plan, std::size_t column, std::int64_t offset) {
    using table::missing_code, table::unknown_code;
    const std::vector<std::int64_t> codes = table::codes(table_.columns[column], plan.categories);
    const auto code_of = [&](const std::optional<std::string>& name, std::int64_t without) {
      const auto it = name ? std::ranges::find(plan.categories, *name) : plan.categories.end();
      return it == plan.categories.end() ? without : it - plan.categories.begin();
    };
    const std::int64_t fill = code_of(plan.fill_category, missing_code), frequent = code_of(plan.frequent, unknown_code);
    for (std::int64_t row = 0; row < table_.rows; ++row) {
      std::int64_t code = codes[static_cast<std::size_t>(row)];
      if (code == missing_code) code = fill;
      if (code < 0 && plan.unknown == ColumnRule::Unknown::zeros) continue;
      if (code == unknown_code) code = frequent;
      if (code < 0) misfits_.add(row, [&] { return unknown(plan, row, column); });
      else if (plan.kind == ColumnPlan::Kind::code) field_.i64[at(row, offset)] = code;
      else field_.f32[at(row, offset + code)] = 1;
    }
  }

  std::string unknown(const ColumnPlan& plan, std::int64_t row, std::size_t column) const {
    const std::string cell = table_.cell(row, column), place = table_.place(row, column);
    if (cell.empty()) return place + ": the value is missing";
    return cat(place, ": category ", quote(cell), " does not occur in the table trained on", did_you_mean(cell, plan.categories));
  }

  const CsvTable& table_;
  Field& field_;
  std::int64_t width_;
  Misfits& misfits_;
};

Field fill_input(const InputPlan& input, const Columns& columns, Misfits& misfits, Problems& problems) {
  Field field{input.name, {0}, Dtype::f32, {}, {}};
  for (const ColumnPlan& plan : input.columns) {
    field.row[0] += scalars(plan);
    if (plan.is_int64()) field.dtype = Dtype::i64;
  }
  check_memory(static_cast<double>(columns.table.rows) * static_cast<double>(field.row[0]) * static_cast<double>(bytes(field.dtype)),
               cat("the input of ", field.row[0], " columns"));
  const auto size = static_cast<std::size_t>(elements({columns.table.rows, field.row[0]}));
  if (field.dtype == Dtype::i64) field.i64.resize(size);
  else field.f32.resize(size);
  Filler filler(columns.table, field, misfits);
  std::int64_t offset = 0;
  for (const ColumnPlan& plan : input.columns) {
    try {
      filler.fill(plan, columns.find(plan.name, plan.index), offset);
    } catch (const Error& error) {
      problems.add(error.sentence());
    }
    offset += scalars(plan);
  }
  return field;
}

std::vector<std::string> scalar_names(const InputPlan& input) {
  std::vector<std::string> out;
  for (const ColumnPlan& plan : input.columns) {
    if (plan.kind != ColumnPlan::Kind::one_hot) out.push_back(plan.label());
    else for (const std::string& category : plan.categories) out.push_back(cat(plan.name, "=", category));
  }
  return out;
}
}  // namespace

std::string ColumnPlan::label() const {
  return kind == Kind::indicator ? name + " is missing" : part ? cat(name, ".", date_part_row(*part).name) : name;
}

double ColumnPlan::number(double raw) const {
  if (transform == ColumnRule::Transform::none && knots.empty()) return (raw - shift) * scale;
  const TransformRow& row = transform_row(transform);
  const double value = row.takes(raw) ? row.of(raw) : std::nan("");
  if (knots.empty()) return (value - shift) * scale;
  return among(knots, normal, value);
}

namespace {
// Of the table, or of the inputs; scaled.
void fill_target(Dataset& out, const Preprocess& fitted, const Columns& columns) {
  if (fitted.targets.empty()) {
    if (out.features.size() != 1 || out.features[0].dtype != Dtype::f32)
      throw Error("the inputs can be the target where they are numbers of one input").code(Exit::mismatch);
    out.target = out.features[0], out.target.name = "target";
    return;
  }
  std::vector<std::size_t> places;
  for (const NamedColumn& target : fitted.targets) places.push_back(columns.find(target.name, target.index));
  if (out.classes.empty() && std::ranges::any_of(fitted.targets, [](const NamedColumn& t) { return t.shift != 0 || t.scale != 1; }))
    for (const NamedColumn& target : fitted.targets) out.target_scaling.shift.push_back(target.shift), out.target_scaling.scale.push_back(target.scale);
  out.target = table::target_field(columns.table, places, out.classes, fitted.ignore, out.target_scaling);
}
}  // namespace

Dataset apply(const Preprocess& preprocess, const CsvTable& table, bool with_target, UnfitRows* unfit) {
  return within(quote(table.source), [&] {
    const Columns columns(preprocess, table, with_target);
    Dataset out;
    out.source = table.source;
    out.rows = table.rows;
    out.classes = preprocess.classes;
    Problems problems;
    Misfits misfits(table, problems, unfit);
    for (const InputPlan& input : preprocess.inputs) out.features.push_back(fill_input(input, columns, misfits, problems));
    problems.raise(Exit::mismatch);
    if (!preprocess.inputs.empty()) out.feature_names = scalar_names(preprocess.inputs[0]);
    if (!with_target) return out;
    fill_target(out, preprocess, columns);
    if (preprocess.row_weight) out.row_weights = table::weight_values(table, columns.find(preprocess.row_weight->name, preprocess.row_weight->index));
    return out;
  });
}

}  // namespace lehr
