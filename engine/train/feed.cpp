#include "engine/train/feed.h"

#include <algorithm>

namespace lehr {

namespace {
void check_truths(const std::string& input, const Field& field, const std::string& source) {
  const auto bad = std::ranges::find_if(field.i64, [](std::int64_t v) { return v != 0 && v != 1; });
  if (bad == field.i64.end()) return;
  const auto at = bad - field.i64.begin();
  throw Error("input ", quote(input), " takes truth values, 0 and 1 or false and true: row ", at / field.width() + 1, " of ", source, " has ", *bad,
              field.width() > 1 ? cat(" in its column ", at % field.width() + 1) : "").code(Exit::mismatch);
}
void truths(const Field& field, std::span<const std::int32_t> rows, std::span<std::uint8_t> out) {
  const auto width = static_cast<std::size_t>(field.width());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = field.i64[static_cast<std::size_t>(rows[i / width]) * width + i % width] != 0;
}
}  // namespace

Feed::Feed(Plan& plan, const Dataset& data, const std::string& target, const std::string& weights, std::span<const float> row_weights)
    : row_weights_(row_weights) {
  const auto connect = [&](const std::string& input, const Field& field) {
    const TensorType& type = plan.input_type(input);
    const std::int64_t wanted = elements(type.shape) / plan.batch();
    if (wanted != field.width())
      throw Error("input ", quote(input), " takes ", wanted, " values a row (", text(type), "), the data has ", field.width(), " (",
                  quote(field.name), " of ", data.source, ")").code(Exit::mismatch);
    const bool array = !field.stored.empty();
    if (type.dtype == Dtype::f32 && (array || field.dtype == Dtype::f32 || input == target)) edges_.push_back({&field, plan.input_f32(input)});
    else if (type.dtype == Dtype::i64 && field.whole()) edges_.push_back({&field, {}, plan.input_i64(input)});
    else if (type.dtype == Dtype::boolean && array && field.dtype == Dtype::boolean) edges_.push_back({&field, {}, {}, plan.input_truth(input)});
    else if (type.dtype == Dtype::boolean && !array && field.dtype == Dtype::i64) {
      check_truths(input, field, data.source);
      edges_.push_back({&field, {}, {}, plan.input_truth(input)});
    } else
      throw Error("input ", quote(input), " is ", name(type.dtype), ", the data ", quote(field.name), " of ", data.source, " is ", name(field.dtype),
                  array && field.stored.scaled() ? ", scaled" : "").code(Exit::mismatch);
  };
  std::vector<std::string> inputs = plan.input_names();
  if (std::erase(inputs, target) > 0) connect(target, data.target);
  if (!weights.empty() && std::erase(inputs, weights) > 0) weights_ = plan.input_f32(weights);
  if (inputs.size() == 1 && data.features.size() == 1) {
    connect(inputs.front(), data.features.front());
    return;
  }
  for (const std::string& input : inputs) {
    const auto field = std::ranges::find(data.features, input, &Field::name);
    std::vector<std::string> known;
    for (const Field& f : data.features) known.push_back(f.name);
    if (field == data.features.end())
      throw Error("the model's input ", quote(input), " gets no data", did_you_mean(input, known), " (the data has ", join(known, ", "), ")")
          .code(Exit::mismatch);
    connect(input, *field);
  }
}

void Feed::fill(std::span<const std::int32_t> rows) const {
  for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = row_weights_.empty() ? 1.0f : row_weights_[static_cast<std::size_t>(rows[i])];
  for (const Edge& edge : edges_) {
    if (!edge.f32.empty() && edge.field->stored.empty() && edge.field->dtype == Dtype::i64)
      for (std::size_t i = 0; i < rows.size(); ++i) edge.f32[i] = static_cast<float>(edge.field->i64[static_cast<std::size_t>(rows[i])]);
    else if (!edge.f32.empty()) gather(*edge.field, rows, edge.f32);
    else if (!edge.i64.empty()) gather(*edge.field, rows, edge.i64);
    else if (!edge.truth.empty() && !edge.field->stored.empty()) edge.field->stored.gather(rows, edge.truth.data());
    else if (!edge.truth.empty()) truths(*edge.field, rows, edge.truth);
  }
}

}  // namespace lehr
