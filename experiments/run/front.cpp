#include "experiments/run/front.h"

#include <algorithm>
#include <cmath>

#include "experiments/run/verify.h"

namespace lehr::run {

namespace {
// The operators of each transform.
std::vector<onnx::RawStep> steps_of(ColumnRule::Transform transform) {
  using T = ColumnRule::Transform;
  switch (transform) {
    case T::none: return {};
    case T::log: return {{"Log"}};
    case T::log1p: return {{"Add", 1}, {"Log"}};
    case T::sqrt: return {{"Sqrt"}};
    case T::square: return {{"Pow", 2}};
  }
  return {};
}

std::optional<std::int64_t> place_of(const std::optional<std::string>& name, const std::vector<std::string>& names) {
  const auto at = name ? std::ranges::find(names, *name) : names.end();
  return at == names.end() ? std::nullopt : std::optional<std::int64_t>(at - names.begin());
}

onnx::RawColumn raw_column(const ColumnPlan& plan, const DataParts& data) {
  using Kind = onnx::RawColumn::Kind;
  const auto refuse = [&](const char* why) {
    return Error("model.export.inputs: raw: column ", quote(plan.name), " ", why, ": leave that column as it is, or the file with prepared inputs")
        .code(Exit::mismatch);
  };
  if (plan.part) throw refuse("holds dates, which no operator of ONNX reads");
  if (plan.normal) throw refuse("is scaled by quantile_normal, whose inverse of the normal distribution is no operator of ONNX; quantile can be written");
  onnx::RawColumn out;
  out.name = plan.name, out.index = plan.index;
  out.text = !data.table.columns.at(static_cast<std::size_t>(plan.index)).numeric;
  out.missing = data.preprocess.missing;
  if (plan.kind == ColumnPlan::Kind::indicator) {
    out.kind = Kind::indicator;
    return out;
  }
  if (!plan.is_category()) {
    out.kind = plan.kind == ColumnPlan::Kind::integer ? Kind::integer : Kind::number;
    out.steps = steps_of(plan.transform), out.knots = plan.knots;
    out.shift = plan.shift, out.scale = plan.scale, out.fill = plan.fill;
    return out;
  }
  out.kind = plan.kind == ColumnPlan::Kind::code ? Kind::code : Kind::one_hot;
  out.unknown_zeros = plan.unknown == ColumnRule::Unknown::zeros;
  out.unknown_code = place_of(plan.frequent, plan.categories);
  if (!out.text) {
    for (const auto& category : plan.categories) out.numbers.push_back(parse_number(category).value_or(std::nan("")));
    if (plan.fill_category) out.fill = parse_number(*plan.fill_category);
    return out;
  }
  out.names = plan.categories;
  out.fill_code = place_of(plan.fill_category, plan.categories);
  return out;
}

// The one column that maps every value of an array; nothing where the network takes the array as it is.
void add_array(onnx::RawInput& out, const ArrayPlan& plan, std::size_t field, Dtype taken) {
  const auto refuse = [&](const auto&... why) {
    return Error("model.export.inputs: raw: the array of input ", quote(out.name), " is scaled by ", why..., ": leave inputs: raw out, or choose another scale")
        .code(Exit::mismatch);
  };
  if (plan.normal) throw refuse("quantile_normal, whose inverse of the normal distribution is no operator of ONNX");
  constexpr std::int64_t most = std::int64_t{1} << 20;  // doubles a row, 8 MB
  if (const auto needed = elements(plan.row) * static_cast<std::int64_t>(plan.knots.size()); needed > most)
    throw refuse(plan.knots.size(), " quantiles, which as nodes would take ", grouped(needed), " numbers a row, more than ", grouped(most));
  onnx::RawColumn all;
  all.name = out.name, all.index = static_cast<std::int64_t>(field);
  all.knots = plan.knots, all.shift = plan.shift, all.scale = plan.scale;
  const bool as_it_is = all.as_it_is() && (plan.dtype == taken || plan.whole || plan.dtype == Dtype::boolean);
  out.columns.push_back(std::move(all));
  if (!as_it_is) out.array = onnx::RawArray{plan.dtype, plan.row};
}

// The dimensions beside the rows; one that is open is what the columns leave for it.
Shape row_of(const Value& input, std::int64_t width) {
  if (!input.type || !input.type->dims) return {width};
  Shape out;
  std::int64_t known = 1;
  for (std::size_t i = 1; i < input.type->dims->size(); ++i) {
    out.push_back((*input.type->dims)[i].size);
    if (out.back() > 0) known *= out.back();
  }
  const auto open = std::ranges::find_if(out, [](std::int64_t d) { return d < 0; });
  if (open != out.end()) *open = width / known;
  if (elements(out) != width)
    throw Error("input ", quote(input.name), " cannot be made of ", width, " values a row: its dimensions are ", out).code(Exit::mismatch);
  return out;
}

std::vector<const Value*> data_inputs(const TrainGraph& model) {
  std::vector<const Value*> out;
  for (const ValueId id : model.graph.inputs)
    if (const std::string& name = model.graph.value(id).name; name != model.target && name != model.weights) out.push_back(&model.graph.value(id));
  return out;
}

// A dataset of one field feeds a model of one input whatever their names (Feed).
std::size_t field_of(const Value& input, const std::vector<const Value*>& inputs, const Dataset& data) {
  if (inputs.size() == 1 && data.features.size() == 1) return 0;
  const auto at = std::ranges::find(data.features, input.name, &Field::name);
  if (at == data.features.end()) throw Error("the model's input ", quote(input.name), " gets no data").code(Exit::mismatch);
  return static_cast<std::size_t>(at - data.features.begin());
}

// Of an array its values as the file has them.
onnx::RawCells values_of(const Field& field, std::span<const std::int32_t> rows) {
  onnx::RawCells out;
  out.numbers.resize(rows.size() * static_cast<std::size_t>(field.width()));
  field.stored.gather_raw(rows, out.numbers.data());
  return out;
}

onnx::RawCells cells_of(const onnx::RawFeed& feed, const DataParts& data, std::span<const std::int32_t> rows) {
  if (feed.array) return values_of(data.data.features.at(static_cast<std::size_t>(feed.columns.at(0))), rows);
  onnx::RawCells out;
  for (const std::int32_t r : rows)
    for (const std::int64_t index : feed.columns) {  // as the file is fed: numbers are NaN where missing
      const Column& column = data.table.columns.at(static_cast<std::size_t>(index));
      const auto row = static_cast<std::size_t>(r);
      if (feed.type != onnx::RawFeed::Type::text) out.numbers.push_back(column.numbers[row]);
      else if (column.codes.at(row) >= 0) out.texts.push_back(column.texts.at(static_cast<std::size_t>(column.codes[row])));
      else out.texts.push_back(data.preprocess.missing.empty() ? std::string() : data.preprocess.missing.front());
    }
  return out;
}
}  // namespace

std::vector<onnx::RawInput> raw_inputs(const TrainGraph& model, const DataParts& data) {
  std::vector<onnx::RawInput> out;
  bool as_they_are = true;
  const std::vector<const Value*> inputs = data_inputs(model);
  for (const Value* input : inputs) {
    const std::size_t field = field_of(*input, inputs, data.data);
    onnx::RawInput raw{input->name, row_of(*input, data.data.features[field].width()), input->turned, {}};
    if (!data.preprocess.arrays.empty()) {
      add_array(raw, data.preprocess.arrays.at(field), field, input->type->dtype);
    } else {
      for (const ColumnPlan& plan : data.preprocess.inputs.at(field).columns) raw.columns.push_back(raw_column(plan, data));
    }
    as_they_are = as_they_are && !raw.array && std::ranges::all_of(raw.columns, &onnx::RawColumn::as_it_is);
    out.push_back(std::move(raw));
  }
  if (as_they_are) out.clear();
  return out;
}

void check_front(const std::string& bytes, const Parts& parts, std::span<const std::int32_t> rows) {
  const DataParts& data = *parts.data;
  if (!data.preprocess.arrays.empty()) {  // one scaling for all values of an array: some rows show it
    constexpr std::int64_t values = std::int64_t{1} << 18;
    std::int64_t widest = 1;
    for (const Field& field : data.data.features) widest = std::max(widest, field.width());
    rows = rows.first(std::min(rows.size(), static_cast<std::size_t>(std::max<std::int64_t>(1, values / widest))));
  }
  std::vector<onnx::RawCells> cells;
  for (const auto& feed : parts.raw) cells.push_back(cells_of(feed, data, rows));
  const std::vector<const Value*> inputs = data_inputs(parts.model->train);
  std::map<std::string, std::size_t> axes;
  for (const Value* input : inputs) axes[input->name] = input->turned;
  const auto made = onnx::run_front(bytes, parts.raw, cells, axes, static_cast<std::int64_t>(rows.size()));
  for (const Value* input : inputs) {
    const auto it = made.find(input->name);
    if (it == made.end()) continue;  // takes its columns as they are
    const Field& field = data.data.features[field_of(*input, inputs, data.data)];
    const auto width = static_cast<std::size_t>(field.width());
    if (it->second.size() != rows.size() * width)
      throw Error("in front of input ", quote(input->name), " it makes ", it->second.size(), " values of ", rows.size(), " rows");
    for (std::size_t i = 0; i < it->second.size(); ++i) {
      const std::size_t at = static_cast<std::size_t>(rows[i / width]) * width + i % width;
      const double a = it->second[i], b = field.value(at);
      if (!agree(a, b))
        throw Error("in front of input ", quote(input->name), " it makes ", a, " of row ", rows[i / width] + 1, ", where preprocessing made ", b)
            .code(Exit::failed);
    }
  }
}

std::optional<onnx::TargetUnit> target_unit(const ModelParts& model, const DataParts& data) {
  const auto& scaling = data.data.target_scaling;
  if (scaling.empty()) return std::nullopt;
  const Value& output = model.model.graph.value(model.head.answer);
  onnx::TargetUnit out;
  out.output = output.name;
  for (std::size_t k = 0; k < scaling.shift.size(); ++k) out.factor.push_back(1 / scaling.scale[k]), out.offset.push_back(scaling.shift[k]);
  const auto count = static_cast<std::int64_t>(out.factor.size());
  if (count == 1) return out;
  const auto refuse = [&](const auto&... why) {
    return Error("data.target.scale: the output ", quote(output.name), " ", why..., ", so its ", count, " values a row cannot be put back into their units")
        .code(Exit::mismatch);
  };
  if (!output.type || !output.type->dims || output.type->dims->size() < 2) throw refuse("has no known dimensions");
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < output.type->dims->size(); ++i) {
    out.shape.push_back((*output.type->dims)[i].size);
    if (out.shape.back() < 0 || (i == 0 && out.shape.back() != count)) open.push_back(i);
  }
  if (open.size() == 1) out.shape[open[0]] = 1;
  else if (out.shape.size() == 2) out.shape = {1, count};
  if (std::ranges::any_of(out.shape, [](std::int64_t d) { return d < 0; }) || elements(out.shape) != count) throw refuse("is ", out.shape, " beside its rows");
  return out;
}

void check_unit(const std::string& bytes, const Parts& parts, std::span<const std::int32_t> rows) {
  const Dataset& data = parts.data->data;
  const auto width = static_cast<std::size_t>(data.target.width());
  std::vector<double> scaled;
  for (const std::int32_t row : rows)
    for (std::size_t k = 0; k < width; ++k) scaled.push_back(data.target.value(static_cast<std::size_t>(row) * width + k));
  const std::vector<double> made = onnx::run_unit(bytes, scaled);
  if (made.size() != scaled.size()) throw Error("behind its output it makes ", made.size(), " values of ", scaled.size()).code(Exit::failed);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const double right = scaled[i] / data.target_scaling.scale[i % width] + data.target_scaling.shift[i % width];
    if (!agree(made[i], right))
      throw Error("behind its output it makes ", made[i], " of ", scaled[i], ", which is ", right, " in the target's unit").code(Exit::failed);
  }
}

}  // namespace lehr::run
