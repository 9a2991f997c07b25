#include <cmath>

#include "base/error.h"
#include "base/memory.h"
#include "engine/data/preprocess.h"
#include "engine/data/problems.h"
#include "engine/data/target.h"

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
    lacks_target = !with_target && count == fitted.table_columns - 1;
    if (count == fitted.table_columns || lacks_target) return;
    throw Error("it has ", count, " columns, the model was trained on ", fitted.table_columns, with_target ? "" : " with the target")
        .code(Exit::mismatch);
  }
  std::size_t find(const std::string& name, std::int64_t index) const {
    if (fitted.header && table.header) return table.find(name);
    return static_cast<std::size_t>(index - (lacks_target && index > fitted.target_index));
  }
};

std::int64_t scalars(const ColumnPlan& plan) {
  return plan.kind == ColumnPlan::Kind::one_hot ? static_cast<std::int64_t>(plan.categories.size()) : 1;
}

class Filler {
 public:
  Filler(const CsvTable& table, Field& field, Problems& problems) : table_(table), field_(field), width_(field.width()), problems_(problems) {}

  void fill(const ColumnPlan& plan, std::size_t column, std::int64_t offset) {
    if (plan.categories.empty()) numbers(plan, column, offset);
    else categories(plan, column, offset);
  }

 private:
  std::size_t at(std::int64_t row, std::int64_t offset) const { return static_cast<std::size_t>(row * width_ + offset); }

  void numbers(const ColumnPlan& plan, std::size_t column, std::int64_t offset) {
    for (std::int64_t row = 0; row < table_.rows; ++row) {
      std::optional<double> raw = table_.value(row, column);
      if (raw && std::isnan(*raw)) raw = plan.fill;
      const double x = raw ? (*raw - plan.shift) * plan.scale : 0;
      if (!raw || !put(plan, at(row, offset), x)) problems_.add([&] { return table_.place(row, column) + ": " + why(plan, row, column, raw, x); });
    }
  }

  bool put(const ColumnPlan& plan, std::size_t i, double x) {
    if (plan.kind == ColumnPlan::Kind::integer) {
      if (x != std::floor(x) || std::abs(x) > 9007199254740992.0) return false;  // 2^53
      field_.i64[i] = static_cast<std::int64_t>(x);
      return true;
    }
    field_.f32[i] = static_cast<float>(x);
    return std::isfinite(field_.f32[i]);
  }

  std::string why(const ColumnPlan& plan, std::int64_t row, std::size_t column, std::optional<double> raw, double x) const {
    const std::string cell = table_.cell(row, column);
    if (!raw) return cell.empty() ? "the value is missing" : not_a_number(cell);
    if (plan.kind == ColumnPlan::Kind::integer) return cat(*raw, " is not a whole number, as the model's input needs");
    return cat(*raw, " becomes ", x, ", beyond the range of float32");
  }

  void categories(const ColumnPlan& plan, std::size_t column, std::int64_t offset) {
    const std::vector<std::int64_t> codes = table::codes(table_.columns[column], plan.categories);
    std::int64_t fill = table::missing_code;
    for (std::size_t k = 0; plan.fill_category && k < plan.categories.size(); ++k)
      if (plan.categories[k] == *plan.fill_category) fill = static_cast<std::int64_t>(k);
    for (std::int64_t row = 0; row < table_.rows; ++row) {
      std::int64_t code = codes[static_cast<std::size_t>(row)];
      if (code == table::missing_code) code = fill;
      if (code < 0) problems_.add([&] { return unknown(plan, row, column); });
      else if (plan.kind == ColumnPlan::Kind::code) field_.i64[at(row, offset)] = code;
      else field_.f32[at(row, offset + code)] = 1;
    }
  }

  std::string unknown(const ColumnPlan& plan, std::int64_t row, std::size_t column) const {
    const std::string cell = table_.cell(row, column), place = table_.place(row, column);
    if (cell.empty()) return place + ": the value is missing";
    return cat(place, ": category ", quote(cell), " does not occur in the rows trained on", did_you_mean(cell, plan.categories));
  }

  const CsvTable& table_;
  Field& field_;
  std::int64_t width_;
  Problems& problems_;
};

Field fill_input(const InputPlan& input, const Columns& columns, Problems& problems) {
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
  Filler filler(columns.table, field, problems);
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
    if (plan.kind != ColumnPlan::Kind::one_hot) out.push_back(plan.name);
    else for (const std::string& category : plan.categories) out.push_back(cat(plan.name, "=", category));
  }
  return out;
}
}  // namespace

Dataset apply(const Preprocess& preprocess, const CsvTable& table, bool with_target) {
  return within(quote(table.source), [&] {
    const Columns columns(preprocess, table, with_target);
    Dataset out;
    out.source = table.source;
    out.rows = table.rows;
    out.classes = preprocess.classes;
    Problems problems;
    for (const InputPlan& input : preprocess.inputs) out.features.push_back(fill_input(input, columns, problems));
    problems.raise(Exit::mismatch);
    if (!preprocess.inputs.empty()) out.feature_names = scalar_names(preprocess.inputs[0]);
    if (with_target) out.target = table::target_field(table, columns.find(preprocess.target, preprocess.target_index), out.classes);
    return out;
  });
}

}  // namespace lehr
