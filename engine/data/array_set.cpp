#include "engine/data/array_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "engine/data/array.h"
#include "engine/data/array_labels.h"
#include "engine/data/array_scan.h"
#include "engine/data/scalers.h"

namespace lehr {

namespace {
template <class... Parts>
Error misfit(const Parts&... parts) {
  return Error(parts...).code(Exit::mismatch);
}

// "input 'x' (train.npz:images)"
std::string told(const std::string& input, const ArrayData& array) {
  return cat(input.empty() ? "the input" : "input " + quote(input), " (", printable(array.source), ")");
}
std::string type_told(const ArrayData& array) { return text({array.dtype, array.shape}); }

Shape row_of(const ArrayData& array) { return {array.shape.begin() + 1, array.shape.end()}; }

// The arrays of one set of rows, read.
struct Arrays {
  std::map<std::string, ArrayData> inputs;
  std::optional<ArrayData> target, row_weight;
  std::int64_t rows = 0;
};

Arrays read(const ArrayNames& names) {
  Arrays out;
  std::vector<std::pair<std::string, const ArrayData*>> all;
  for (const auto& [input, path] : names.inputs) all.emplace_back(input, &(out.inputs[input] = read_array(path)));
  if (!names.target.empty()) out.target = read_array(names.target);
  if (!names.row_weight.empty()) out.row_weight = read_array(names.row_weight);
  std::vector<std::string> rows;
  bool differ = false;
  const auto count = [&](const std::string& what, const ArrayData& array) {
    if (array.shape.empty()) throw misfit(what, " is a single number: its first dimension must be the rows");
    if (rows.empty()) out.rows = array.shape[0];
    differ |= array.shape[0] != out.rows;
    rows.push_back(cat(what, " has ", grouped(array.shape[0])));
  };
  for (const auto& [input, array] : all) count(told(input, *array), *array);
  if (out.target) count(cat("the target (", printable(out.target->source), ")"), *out.target);
  if (out.row_weight) count(cat("the row weights (", printable(out.row_weight->source), ")"), *out.row_weight);
  if (differ) throw misfit("the arrays have different numbers of rows: ", join(rows, ", "));
  return out;
}

Field field_of(const std::string& name, const ArrayData& array) {
  Field out{name, row_of(array), array.dtype, {}, {}};
  within([&] { return quote(array.source); }, [&] { out.stored = Stored(array.dtype, out.width()); });
  return out;
}

void append(Field& field, const std::string& what, const ArrayData& first, const ArrayData& array) {
  if (array.dtype != first.dtype || row_of(array) != field.row)
    throw misfit(what, " is ", type_told(array), ", ", printable(first.source), " is ", type_told(first), ": the same type and shape of rows was expected");
  field.stored.add({array.owner, reinterpret_cast<const std::byte*>(array.bytes.data()), array.shape[0]});
}

std::vector<std::int32_t> rows_from(std::int64_t first, std::int64_t count) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), static_cast<std::int32_t>(first));
  return out;
}

Stored scaled(Stored values, const ArrayPlan& plan) {
  if (!plan.knots.empty())
    values.place(plan.knots, plan.normal);
  else if (plan.scaled)
    values.scale({plan.shift}, {plan.scale});
  else
    values.scale({}, {});
  return values;
}

// What scales an array, by what its training rows hold; a note where that is not all of them.
std::string fit(ArrayPlan& plan, const Stored& values, const ArrayUse& use, std::span<const std::int32_t> train, std::size_t width, std::uint64_t number,
                const std::string& what) {
  using Scale = ColumnRule::Scale;
  constexpr std::size_t most = std::size_t{1} << 20;
  std::string note;
  if (use.scale == Scale::none || plan.dtype == Dtype::boolean) return note;
  plan.scaled = true;
  if (use.scale == Scale::standard || use.scale == Scale::minmax) {  // of any number of values, in one way through them
    const ArraySummary s = summarise(values, train, width);
    const double spread = use.scale == Scale::minmax ? s.max - s.min : s.deviation;
    plan.shift = use.scale == Scale::minmax ? s.min : s.mean;
    plan.scale = spread == 0 ? 1 : 1 / spread;
  } else {
    const bool reads = use.scale != Scale::divide;
    const std::vector<double> seen = reads ? sample(values, train, width, most, number) : std::vector<double>();
    if (reads && seen.empty()) throw misfit(what, " has no finite value in the training rows");
    const ScalerRow& scaler = scaler_row(use.scale);
    Scaling scaling = scaler.fit(Values(seen), use.divide);
    plan.shift = scaling.shift, plan.scale = scaling.scale, plan.knots = std::move(scaling.knots);
    plan.normal = use.scale == Scale::quantile_normal;
    if (reads && train.size() * width > most)
      note = cat("scale: ", scaler.name, " of ", what, " follows from ", grouped(most), " of the ", grouped(static_cast<long long>(train.size() * width)),
                 " values of the training rows, drawn at random with seed 0");
  }
  if (!std::isfinite(plan.shift) || !std::isfinite(plan.scale)) throw misfit("the values of ", quote(plan.input), " are too large to be scaled");
  return note;
}

// Of the target's columns in the training rows.
void scale_target(Dataset& data, std::span<const std::int32_t> train) {
  const auto width = static_cast<std::size_t>(data.target.width());
  Dataset::TargetScaling& out = data.target_scaling;
  std::vector<double> column(train.size());
  for (std::size_t k = 0; k < width; ++k) {
    for (std::size_t i = 0; i < train.size(); ++i) column[i] = data.target.stored.raw(static_cast<std::size_t>(train[i]) * width + k);
    const Scaling fitted = scaler_row(ColumnRule::Scale::standard).fit(Values(column), 0);
    if (!std::isfinite(fitted.shift) || !std::isfinite(fitted.scale)) throw misfit("the values of the target are too large to be scaled");
    out.shift.push_back(fitted.shift), out.scale.push_back(fitted.scale);
  }
  data.target.stored.scale(out.shift, out.scale);
}

void read_weights(const std::vector<const Arrays*>& parts, std::vector<float>& out) {
  bool any = false;
  for (const Arrays* part : parts) {
    const ArrayData& array = *part->row_weight;
    const std::string what = cat("the row weights (", printable(array.source), ")");
    if (elements(row_of(array)) != 1) throw misfit(what, " have ", row_of(array), " values a row: one number each was expected");
    Field field = field_of("row weights", array);
    append(field, what, array, array);
    for (std::int64_t r = 0; r < array.shape[0]; ++r) {
      const double v = field.stored.value(static_cast<std::size_t>(r));
      if (!std::isfinite(v) || v < 0)
        throw misfit(what, ": row ", r, " (from 0) is ", field.stored.raw(static_cast<std::size_t>(r)), ", a row weight is a number at least 0");
      any = any || v > 0;
      out.push_back(static_cast<float>(v));
    }
  }
  if (!any) throw misfit("no row has a weight above 0");
}

// What a row of one dimension holds that tells nothing.
void odd_notes(const Field& field, std::int64_t rows, const std::string& what, std::vector<std::string>& notes) {
  constexpr std::size_t shown = 5;
  const auto width = static_cast<std::size_t>(field.width());
  if (field.row.size() > 1 || width == 0) return;
  const OddValues odd = odd_values(field.stored, rows, width);
  const auto tell = [&](const std::vector<std::size_t>& columns, const char* one, const char* many) {
    if (columns.empty()) return;
    if (columns.size() == width) return notes.push_back(cat(what, ": ", width == 1 ? "its value" : "each of its columns", " ", one));
    std::vector<std::string> names;
    for (const std::size_t c : std::span(columns).first(std::min(shown, columns.size()))) names.push_back(cat(c));
    if (columns.size() > shown) names.push_back(cat("… (", columns.size(), " in all)"));
    notes.push_back(cat(what, ": ", columns.size() == 1 ? "column " : "columns ", join(names, ", "), " (from 0) ", columns.size() == 1 ? one : many));
  };
  tell(odd.constant, "has the same value in all rows", "have the same value in all rows");
  tell(odd.row_numbers, "numbers the rows", "number the rows");
}

bool takes_integers(const ArrayUse& use, const std::string& input) { return std::ranges::find(use.integer_inputs, input) != use.integer_inputs.end(); }

void prepare_target(const std::vector<const Arrays*>& parts, ArrayUse use, bool several, PreparedArrays& out) {
  Dataset& data = out.data;
  const Arrays& first = *parts.front();
  if (use.target_inputs) {
    if (data.features.size() != 1) throw misfit("the target is the input itself: there must be one input, not ", data.features.size());
    data.target = data.features.front();
    data.target.name = "target";
    return;
  }
  if (!first.target) throw misfit("the arrays have no target");
  Field target = field_of("target", *first.target);
  for (const Arrays* part : parts) append(target, "the target", *first.target, *part->target);
  const std::string source = printable(first.target->source);
  check_exact(target.stored, data.rows, static_cast<std::size_t>(target.width()), use.classify, source);
  if (several && use.classes.empty() && target.width() > 1) {
    if (one_hot_rows(target, data.rows))
      out.notes.push_back(cat("every row of the target has a single 1 among ", target.width(), " values: binary_crossentropy takes them for as many labels; ",
                              target.width() == 2 ? "target: {classes: [A, B]} says" : "categorical_crossentropy takes", " that they are classes"));
    use.classify = false;
  }
  if (!use.classify) {
    data.target = std::move(target);
    check_finite(data.target.stored, data.rows, static_cast<std::size_t>(data.target.width()), source);
    return;
  }
  Labels labels = within([&] { return quote(first.target->source); }, [&] { return read_labels(target, data.rows, use); });
  data.classes = std::move(labels.classes);
  data.target = {"target", {}, Dtype::i64, {}, std::move(labels.values)};
  out.notes.insert(out.notes.end(), labels.notes.begin(), labels.notes.end());
}
}  // namespace

PreparedArrays prepare_arrays(const ArraysSpec& spec, const ArrayUse& use, const SplitOptions& options) {
  const Arrays all = read(spec.all), validation = read(spec.validation), test = read(spec.test);
  std::vector<const Arrays*> parts = {&all};
  PreparedArrays out;
  Dataset& data = out.data;
  for (const auto& [name, part] : {std::pair{"validation", &validation}, std::pair{"test", &test}}) {
    if (part->inputs.empty()) continue;
    if (part->inputs.size() != all.inputs.size() || part->target.has_value() != all.target.has_value() ||
        part->row_weight.has_value() != all.row_weight.has_value())
      throw misfit("data.", name, " must give the arrays that data gives: the same inputs, ", all.target ? "with" : "without", " a target, ",
                   all.row_weight ? "with" : "without", " row weights");
    parts.push_back(part);
  }
  data.source = all.inputs.begin()->second.source;
  for (const Arrays* part : parts) data.rows += part->rows;
  if (data.rows > std::numeric_limits<std::int32_t>::max())
    throw misfit("there are ", grouped(data.rows), " rows, more than ", grouped(std::numeric_limits<std::int32_t>::max()));
  for (const auto& [input, array] : all.inputs) {
    Field field = field_of(input, array);
    for (const Arrays* part : parts) {
      const auto it = part->inputs.find(input);
      if (it == part->inputs.end()) throw misfit("input ", quote(input), " has no array among those of ", printable(part->inputs.begin()->second.source));
      append(field, told(input, it->second), array, it->second);
    }
    data.features.push_back(std::move(field));
  }
  prepare_target(parts, use, spec.labels, out);
  if (all.row_weight) read_weights(parts, data.row_weights);

  Dataset split_of;  // the rows that are dealt
  split_of.source = data.source, split_of.rows = all.rows, split_of.classes = data.classes, split_of.target.i64 = data.target.i64;
  if (const auto& fold = options.fold) {
    for (const auto& [key, column] : {std::pair{"folds.group", &fold->group}, std::pair{"folds.column", &fold->column}})
      if (!column->empty()) throw misfit(key, ": arrays have no named columns, as ", quote(*column), ", to deal folds by");
    if (!test.inputs.empty()) throw misfit("data.test and folds exclude each other: the rows of a fold are those that are measured once");
  }
  out.split = split(split_of, options);
  if (options.fold && !validation.inputs.empty()) out.split.test = std::move(out.split.validation);  // the fold scores, rows of their own validate
  std::int64_t behind = all.rows;
  if (!validation.inputs.empty()) out.split.validation = rows_from(behind, validation.rows), behind += validation.rows;
  if (!test.inputs.empty()) out.split.test = rows_from(behind, test.rows);

  for (Field& field : data.features) {
    ArrayPlan plan{field.name, field.dtype, field.row};
    const auto width = static_cast<std::size_t>(field.width());
    const std::string what = told(field.name, all.inputs.at(field.name));
    plan.whole = takes_integers(use, field.name);
    check_exact(field.stored, data.rows, width, plan.whole, what);
    odd_notes(field, data.rows, what, out.notes);
    if (!plan.whole)
      if (std::string note = fit(plan, field.stored, use, out.split.train, width, out.plans.size(), what); !note.empty()) out.notes.push_back(std::move(note));
    field.stored = scaled(std::move(field.stored), plan);
    check_finite(field.stored, data.rows, width, what);
    if (field.dtype == Dtype::u8 && use.scale == ColumnRule::Scale::none && !plan.whole)
      out.notes.push_back(
          cat(what, " holds bytes, 0 to 255, as they are: data: {scale: {divide: 255}} trains on 0 to 1"));
    out.plans.push_back(std::move(plan));
  }
  if (use.target_standard && !use.target_inputs && data.classes.empty()) {
    scale_target(data, out.split.train);
    check_finite(data.target.stored, data.rows, static_cast<std::size_t>(data.target.width()), printable(all.target->source));
  }
  if (use.target_inputs) data.target = data.features.front(), data.target.name = "target";
  return out;
}

Dataset apply_arrays(const std::vector<ArrayPlan>& plans, const Dataset::TargetScaling& target, Dataset data) {
  const auto is_kind = [](Dtype dtype) { return dtype == Dtype::boolean ? 2 : is_float(dtype) ? 1 : 0; };
  for (Field& field : data.features) {
    const auto plan = std::ranges::find(plans, field.name, &ArrayPlan::input);
    if (plan == plans.end()) throw misfit("input ", quote(field.name), " is none of those the model was trained on");
    const std::string what = cat(field.name.empty() ? "the input" : "input " + quote(field.name), " of ", printable(data.source));
    if (field.row != plan->row) throw misfit(what, " has rows of shape ", field.row, ", the model was trained on ", plan->row);
    if (is_kind(field.dtype) != is_kind(plan->dtype)) throw misfit(what, " is ", name(field.dtype), ", the model was trained on ", name(plan->dtype));
    const auto width = static_cast<std::size_t>(field.width());
    field.stored.scale({}, {});
    check_exact(field.stored, data.rows, width, plan->whole, what);
    field.stored = scaled(std::move(field.stored), *plan);
    check_finite(field.stored, data.rows, width, what);
  }
  if (data.classes.empty() && !data.target.stored.empty()) {
    if (target.shift.size() > 1 && static_cast<std::int64_t>(target.shift.size()) != data.target.width())
      throw misfit("the target of ", printable(data.source), " has ", data.target.width(), " values a row, the model was trained on ", target.shift.size());
    data.target.stored.scale(target.shift, target.scale);
    data.target_scaling = target;
  }
  return data;
}

Dataset apply_arrays(const std::vector<ArrayPlan>& plans, const std::map<std::string, std::filesystem::path>& inputs) {
  const Arrays all = read({inputs, {}});
  Dataset data;
  data.source = all.inputs.begin()->second.source;
  data.rows = all.rows;
  if (data.rows > std::numeric_limits<std::int32_t>::max()) throw misfit("there are ", grouped(data.rows), " rows, too many");
  for (const auto& [input, array] : all.inputs) {
    Field field = field_of(input, array);
    append(field, told(input, array), array, array);
    data.features.push_back(std::move(field));
  }
  return apply_arrays(plans, {}, std::move(data));
}

}  // namespace lehr
