#include "experiments/run/front.h"

#include <algorithm>
#include <cmath>

#include "experiments/run/verify.h"

namespace lehr::run {

namespace {
onnx::RawColumn raw_column(const ColumnPlan& plan, const DataParts& data) {
  using Kind = onnx::RawColumn::Kind;
  onnx::RawColumn out;
  out.name = plan.name, out.index = plan.index;
  if (plan.categories.empty()) {
    out.kind = plan.kind == ColumnPlan::Kind::integer ? Kind::integer : Kind::number;
    out.shift = plan.shift, out.scale = plan.scale, out.fill = plan.fill;
    return out;
  }
  out.kind = plan.kind == ColumnPlan::Kind::code ? Kind::code : Kind::one_hot;
  out.text = !data.table.columns.at(static_cast<std::size_t>(plan.index)).numeric;
  if (!out.text) {
    for (const auto& category : plan.categories) out.numbers.push_back(parse_number(category).value_or(std::nan("")));
    if (plan.fill_category) out.fill = parse_number(*plan.fill_category);
    return out;
  }
  out.names = plan.categories, out.missing = data.preprocess.missing;
  const auto fill = plan.fill_category ? std::ranges::find(plan.categories, *plan.fill_category) : plan.categories.end();
  if (fill != plan.categories.end()) out.fill_code = fill - plan.categories.begin();
  return out;
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
    if (model.graph.value(id).name != model.target) out.push_back(&model.graph.value(id));
  return out;
}

// A dataset of one field feeds a model of one input whatever their names (Feed).
std::size_t field_of(const Value& input, const std::vector<const Value*>& inputs, const Dataset& data) {
  if (inputs.size() == 1 && data.features.size() == 1) return 0;
  const auto at = std::ranges::find(data.features, input.name, &Field::name);
  if (at == data.features.end()) throw Error("the model's input ", quote(input.name), " gets no data").code(Exit::mismatch);
  return static_cast<std::size_t>(at - data.features.begin());
}

onnx::RawCells cells_of(const onnx::RawFeed& feed, const DataParts& data, std::span<const std::int32_t> rows) {
  onnx::RawCells out;
  for (const std::int32_t r : rows)
    for (const std::int64_t index : feed.columns) {
      const Column& column = data.table.columns.at(static_cast<std::size_t>(index));
      const auto row = static_cast<std::size_t>(r);
      if (feed.type != onnx::RawFeed::Type::text) out.numbers.push_back(column.numbers.at(row));
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
    for (const ColumnPlan& plan : data.preprocess.inputs.at(field).columns) raw.columns.push_back(raw_column(plan, data));
    as_they_are = as_they_are && std::ranges::all_of(raw.columns, &onnx::RawColumn::as_it_is);
    out.push_back(std::move(raw));
  }
  if (as_they_are) out.clear();
  return out;
}

void check_front(const std::string& bytes, const Parts& parts, std::span<const std::int32_t> rows) {
  const DataParts& data = *parts.data;
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
      const double a = it->second[i], b = field.dtype == Dtype::i64 ? static_cast<double>(field.i64[at]) : static_cast<double>(field.f32[at]);
      if (!agree(a, b))
        throw Error("in front of input ", quote(input->name), " it makes ", a, " of row ", rows[i / width] + 1, ", where preprocessing made ", b)
            .code(Exit::failed);
    }
  }
}

}  // namespace lehr::run
