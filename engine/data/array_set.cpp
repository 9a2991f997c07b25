#include "engine/data/array_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "engine/data/array.h"
#include "engine/data/array_labels.h"
#include "engine/data/array_scan.h"

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
  std::optional<ArrayData> target;
  std::int64_t rows = 0;
};

Arrays read(const ArrayNames& names) {
  Arrays out;
  std::vector<std::pair<std::string, const ArrayData*>> all;
  for (const auto& [input, path] : names.inputs) all.emplace_back(input, &(out.inputs[input] = read_array(path)));
  if (!names.target.empty()) out.target = read_array(names.target);
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
  if (plan.scaled) values.scale({plan.shift}, {plan.scale});
  return values;
}

// shift and scale of an array, by what its training rows hold.
void fit(ArrayPlan& plan, const Stored& values, const ArrayUse& use, std::span<const std::int32_t> train, std::size_t width) {
  using Scale = ArrayUse::Scale;
  if (use.scale == Scale::none || plan.dtype == Dtype::boolean) return;
  plan.scaled = true;
  if (use.scale == Scale::divide) {
    plan.scale = 1 / use.divide;
  } else {
    const ArraySummary s = summarise(values, train, width);
    const double spread = use.scale == Scale::minmax ? s.max - s.min : s.deviation;
    plan.shift = use.scale == Scale::minmax ? s.min : s.mean;
    plan.scale = spread == 0 ? 1 : 1 / spread;
  }
  if (!std::isfinite(plan.shift) || !std::isfinite(plan.scale)) throw misfit("the values of ", quote(plan.input), " are too large to be scaled");
}

bool takes_integers(const ArrayUse& use, const std::string& input) { return std::ranges::find(use.integer_inputs, input) != use.integer_inputs.end(); }

void prepare_target(const std::vector<const Arrays*>& parts, const ArrayUse& use, PreparedArrays& out) {
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
  if (!use.classify) {
    data.target = std::move(target);
    check_finite(data.target.stored, data.rows, static_cast<std::size_t>(data.target.width()), printable(first.target->source));
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
    if (part->inputs.size() != all.inputs.size() || part->target.has_value() != all.target.has_value())
      throw misfit("data.", name, " must give the arrays that data gives: the same inputs, ", all.target ? "with" : "without", " a target");
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
  prepare_target(parts, use, out);

  Dataset split_of;  // the rows that are dealt
  split_of.source = data.source, split_of.rows = all.rows, split_of.classes = data.classes, split_of.target.i64 = data.target.i64;
  out.split = split(split_of, options);
  std::int64_t behind = all.rows;
  if (!validation.inputs.empty()) out.split.validation = rows_from(behind, validation.rows), behind += validation.rows;
  if (!test.inputs.empty()) out.split.test = rows_from(behind, test.rows);

  for (Field& field : data.features) {
    ArrayPlan plan{field.name, field.dtype, field.row};
    const auto width = static_cast<std::size_t>(field.width());
    if (!takes_integers(use, field.name)) fit(plan, field.stored, use, out.split.train, width);
    field.stored = scaled(std::move(field.stored), plan);
    check_finite(field.stored, data.rows, width, told(field.name, all.inputs.at(field.name)));
    if (field.dtype == Dtype::u8 && use.scale == ArrayUse::Scale::none && !takes_integers(use, field.name))
      out.notes.push_back(
          cat(told(field.name, all.inputs.at(field.name)), " holds bytes, 0 to 255, as they are: data: {scale: {divide: 255}} trains on 0 to 1"));
    out.plans.push_back(std::move(plan));
  }
  if (use.target_inputs) data.target = data.features.front(), data.target.name = "target";
  return out;
}

Dataset apply_arrays(const std::vector<ArrayPlan>& plans, Dataset data) {
  const auto is_kind = [](Dtype dtype) { return dtype == Dtype::boolean ? 2 : is_float(dtype) ? 1 : 0; };
  for (Field& field : data.features) {
    const auto plan = std::ranges::find(plans, field.name, &ArrayPlan::input);
    if (plan == plans.end()) throw misfit("input ", quote(field.name), " is none of those the model was trained on");
    const std::string what = cat(field.name.empty() ? "the input" : "input " + quote(field.name), " of ", printable(data.source));
    if (field.row != plan->row) throw misfit(what, " has rows of shape ", field.row, ", the model was trained on ", plan->row);
    if (is_kind(field.dtype) != is_kind(plan->dtype)) throw misfit(what, " is ", name(field.dtype), ", the model was trained on ", name(plan->dtype));
    field.stored = scaled(std::move(field.stored), *plan);
    check_finite(field.stored, data.rows, static_cast<std::size_t>(field.width()), what);
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
  return apply_arrays(plans, std::move(data));
}

}  // namespace lehr
