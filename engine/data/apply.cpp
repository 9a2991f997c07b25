#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "engine/data/dates.h"
#include "engine/data/fill.h"
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

// What one input needs of the table. A column that is not there is told in its place among the cells that do not fit.
struct Inflow {
  const InputPlan* input;
  Field field;
  struct Part {
    std::optional<table::Filling> filling;
    std::string fault;
    std::vector<table::Misfit> misfits = {};
  };
  std::vector<Part> parts;
  std::vector<std::size_t> last_use;  // of these columns: no later input needs them
};

Inflow inflow(const InputPlan& input, const Columns& columns) {
  Inflow out{&input, {input.name, {0}, Dtype::f32, {}, {}}, {}, {}};
  for (const ColumnPlan& plan : input.columns) {
    Inflow::Part& part = out.parts.emplace_back();
    try {
      part.filling.emplace(columns.table, plan, columns.find(plan.name, plan.index), out.field.row[0]);
    } catch (const Error& error) {
      part.fault = error.sentence();
    }
    out.field.row[0] += scalars(plan);
    if (plan.is_int64()) out.field.dtype = Dtype::i64;
  }
  return out;
}

// Rows by blocks on several threads; memory is touched as they come, and that of the cells that became rows is given back where `consumed`.
void flow(Inflow& in, const CsvTable& table, CsvTable* consumed) {
  Field& field = in.field;
  const std::int64_t width = field.row[0];
  check_memory(static_cast<double>(table.rows) * static_cast<double>(width) * static_cast<double>(bytes(field.dtype)),
               cat("the input of ", width, " columns"));
  const auto size = static_cast<std::size_t>(elements({table.rows, width}));
  field.dtype == Dtype::i64 ? field.i64.reserve(size) : field.f32.reserve(size);
  expect_use(field.dtype == Dtype::i64 ? static_cast<void*>(field.i64.data()) : field.f32.data(), size * bytes(field.dtype));
  constexpr std::int64_t rows_of_block = CompactNumbers::block;
  const std::int64_t at_once = std::clamp<std::int64_t>((1 << 16) / std::max<std::int64_t>(width, 1), 16, rows_of_block);  // they stay in the cache
  struct Work {
    std::int64_t begin = 0, end = 0;
    std::vector<std::vector<table::Misfit>> misfits;
  };
  std::vector<Work> works(table::workers(table.rows));
  for (Work& work : works) work.misfits.resize(in.parts.size());
  std::int64_t taken = 0;
  in_order(works.size(), {[&](std::size_t worker) {
                            Work& work = works[worker];
                            if (taken == table.rows) return false;
                            work.begin = taken, work.end = taken = std::min(table.rows, taken + rows_of_block);
                            const auto filled = static_cast<std::size_t>(taken * width);
                            field.dtype == Dtype::i64 ? field.i64.resize(filled) : field.f32.resize(filled);  // within what is reserved: nothing moves
                            return true;
                          },
                          [&](std::size_t worker) {
                            Work& work = works[worker];
                            for (std::int64_t row = work.begin; row < work.end; row += at_once)
                              for (std::size_t p = 0; p < in.parts.size(); ++p)
                                if (in.parts[p].filling)
                                  table::fill(table, *in.parts[p].filling, row, std::min(work.end, row + at_once), field, work.misfits[p]);
                          },
                          [&](std::size_t worker) {
                            Work& work = works[worker];
                            for (std::size_t p = 0; p < in.parts.size(); ++p) {
                              std::ranges::move(work.misfits[p], std::back_inserter(in.parts[p].misfits));
                              work.misfits[p].clear();
                            }
                            if (!consumed) return true;
                            for (const std::size_t column : in.last_use) consumed->columns[column].numbers.release(static_cast<std::size_t>(work.end));
                            constexpr std::int64_t often = std::int64_t{1} << 23;  // bytes
                            const std::int64_t row_bytes = width * static_cast<std::int64_t>(sizeof(float));
                            if (work.begin * row_bytes / often != work.end * row_bytes / often) give_back_memory();
                            return true;
                          }});
}

// What does not fit: problems of the file, or of their rows.
void tell(const Inflow& in, const CsvTable& table, Problems& problems, UnfitRows* unfit) {
  for (const Inflow::Part& part : in.parts) {
    if (!part.fault.empty()) problems.add(part.fault);
    for (const table::Misfit& misfit : part.misfits) {
      if (!unfit) {
        problems.add([&] { return misfit.sentence; });
        continue;
      }
      unfit->rows.resize(static_cast<std::size_t>(table.rows));
      if (unfit->rows[static_cast<std::size_t>(misfit.row)]) continue;
      unfit->rows[static_cast<std::size_t>(misfit.row)] = true;
      if (++unfit->count <= static_cast<std::int64_t>(Problems::shown)) unfit->text += cat(unfit->text.empty() ? "" : "\n", misfit.sentence);
    }
  }
}

std::vector<Field> fill_inputs(const Preprocess& fitted, const Columns& columns, CsvTable* consumed, UnfitRows* unfit) {
  std::vector<Inflow> all;
  for (const InputPlan& input : fitted.inputs) all.push_back(inflow(input, columns));
  std::vector<bool> needed(columns.table.columns.size());
  for (auto in = all.rbegin(); consumed && in != all.rend(); ++in)
    for (const Inflow::Part& part : in->parts)
      if (part.filling && !needed[part.filling->column]) needed[part.filling->column] = true, in->last_use.push_back(part.filling->column);
  Problems problems;
  std::vector<Field> out;
  for (Inflow& in : all) {
    flow(in, columns.table, consumed);
    tell(in, columns.table, problems, unfit);
    out.push_back(std::move(in.field));
  }
  problems.raise(Exit::mismatch);
  return out;
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

namespace {
// `target`: where it is known.
Dataset rows_of(const Preprocess& preprocess, const CsvTable& table, bool with_target, UnfitRows* unfit, CsvTable* consumed, Field* target) {
  return within(quote(table.source), [&] {
    const Columns columns(preprocess, table, with_target);
    Dataset out;
    out.source = table.source;
    out.rows = table.rows;
    out.classes = preprocess.classes;
    out.features = fill_inputs(preprocess, columns, consumed, unfit);
    if (!preprocess.inputs.empty()) out.feature_names = scalar_names(preprocess.inputs[0]);
    if (!with_target) return out;
    if (target && !out.classes.empty()) out.target = std::move(*target);
    else fill_target(out, preprocess, columns);
    if (preprocess.row_weight) out.row_weights = table::weight_values(table, columns.find(preprocess.row_weight->name, preprocess.row_weight->index));
    return out;
  });
}
}  // namespace

Dataset apply(const Preprocess& preprocess, const CsvTable& table, bool with_target, UnfitRows* unfit) {
  return rows_of(preprocess, table, with_target, unfit, nullptr, nullptr);
}

Dataset consume(FittedData& fitted, CsvTable& table) {
  for (const NamedColumn& target : fitted.preprocess.targets)
    if (!fitted.preprocess.classes.empty()) table.columns[static_cast<std::size_t>(target.index)].codes = std::vector<std::int32_t>();  // they are known
  Dataset out = rows_of(fitted.preprocess, table, true, nullptr, &table, &fitted.target.target);
  for (Column& column : table.columns) column.numbers = CompactNumbers(), column.codes = std::vector<std::int32_t>(), column.texts = std::vector<std::string>();
  std::size_t known = table.lines.size();
  while (known > 1 && table.lines[known - 1] == table.lines[known - 2] + 1) --known;
  table.lines.resize(known);
  table.lines.shrink_to_fit();
  give_back_memory();
  return out;
}

Dataset apply(FittedData& fitted, const CsvTable& table) { return rows_of(fitted.preprocess, table, true, nullptr, nullptr, &fitted.target.target); }

}  // namespace lehr
