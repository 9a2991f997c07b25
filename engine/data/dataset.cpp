#include "engine/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"

namespace lehr {

namespace {
template <class T>
void gather_rows(const std::vector<T>& values, const Field& field, std::span<const std::int32_t> rows, std::span<T> out) {
  const auto width = static_cast<std::size_t>(field.width());
  if (out.size() != rows.size() * width || (values.empty() && field.stored.empty() && !out.empty()))
    throw Error("field ", quote(field.name), " of ", text({field.dtype, field.row}), " cannot fill ", out.size(), " values from ",
                rows.size(), " rows");
  T* to = out.data();
  if (!field.stored.empty()) return field.stored.gather(rows, to);
  if (width == 1) {
    for (const std::int32_t row : rows) *to++ = values[static_cast<std::size_t>(row)];
    return;
  }
  for (const std::int32_t row : rows) {
    std::memcpy(to, values.data() + static_cast<std::size_t>(row) * width, width * sizeof(T));
    to += width;
  }
}
}  // namespace

double Field::value(std::size_t index) const {
  if (!stored.empty()) return stored.value(index);
  return dtype == Dtype::i64 ? static_cast<double>(i64.at(index)) : static_cast<double>(f32.at(index));
}

double target_value(const Dataset& data, std::int32_t row, std::size_t column) {
  const double y = data.target.value(static_cast<std::size_t>(row) * static_cast<std::size_t>(data.target.width()) + column);
  const auto& scaling = data.target_scaling;
  return scaling.empty() ? y : y / scaling.scale[column] + scaling.shift[column];
}

void gather(const Field& field, std::span<const std::int32_t> rows, std::span<float> out) {
  gather_rows(field.f32, field, rows, out);
}
void gather(const Field& field, std::span<const std::int32_t> rows, std::span<std::int64_t> out) {
  gather_rows(field.i64, field, rows, out);
}

void epoch_order(std::span<const std::int32_t> rows, std::uint64_t seed, std::int64_t epoch, bool shuffle, std::span<std::int32_t> order) {
  if (order.size() != rows.size()) throw Error("the order has room for ", order.size(), " rows, not ", rows.size());
  std::ranges::copy(rows, order.begin());
  if (shuffle) Random(seed, Stream::shuffle, static_cast<std::uint64_t>(epoch)).shuffle(order);
}

Balance balance(const Dataset& data, std::span<const std::int32_t> rows) {
  Balance out;
  out.rows = static_cast<std::int64_t>(rows.size());
  out.fraction = std::numeric_limits<double>::quiet_NaN();
  if (data.classes.empty()) return out;
  out.counts.assign(data.classes.size(), 0);
  std::int64_t counted = 0;
  for (const std::int32_t row : rows)
    if (const std::int64_t c = data.target.i64[static_cast<std::size_t>(row)]; c >= 0) ++out.counts[static_cast<std::size_t>(c)], ++counted;
  out.majority = static_cast<std::size_t>(std::ranges::max_element(out.counts) - out.counts.begin());
  if (counted > 0) out.fraction = static_cast<double>(out.counts[out.majority]) / static_cast<double>(counted);
  return out;
}

std::vector<std::vector<std::int32_t>> rows_per_class(const Dataset& data) {
  if (data.classes.empty()) throw Error("a stratified split needs classes, the target of ", quote(data.source), " has none").code(Exit::mismatch);
  std::vector<std::vector<std::int32_t>> out(data.classes.size() + 1);
  for (std::int64_t row = 0; row < data.rows; ++row) {
    const std::int64_t c = data.target.i64[static_cast<std::size_t>(row)];
    out[c < 0 ? data.classes.size() : static_cast<std::size_t>(c)].push_back(static_cast<std::int32_t>(row));
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

MeanAnswer mean_answer(const Dataset& data, std::span<const std::int32_t> of, std::span<const std::int32_t> measured) {
  const auto width = static_cast<std::size_t>(data.target.width());
  MeanAnswer out;
  double squares = 0;
  for (std::size_t k = 0; k < width; ++k) {
    double sum = 0;
    for (const std::int32_t row : of) sum += target_value(data, row, k);
    const double mean = sum / static_cast<double>(of.size());
    for (const std::int32_t row : measured) squares += (target_value(data, row, k) - mean) * (target_value(data, row, k) - mean);
    out.means.push_back(mean);
  }
  out.rmse = std::sqrt(squares / static_cast<double>(measured.size() * width));
  return out;
}

std::string text(const Balance& balance, std::span<const std::string> classes) {
  if (balance.counts.empty()) return grouped(balance.rows);
  std::vector<std::size_t> order(balance.counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t c) { return balance.counts[c]; });
  constexpr std::size_t shown = 10;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(order.size(), shown); ++i)
    parts.push_back(cat(grouped(balance.counts[order[i]]), " ", printable(classes[order[i]])));
  if (order.size() > shown) parts.push_back(cat("… ", order.size() - shown, " more classes"));
  if (const auto ignored = balance.rows - std::accumulate(balance.counts.begin(), balance.counts.end(), std::int64_t{0}); ignored > 0)
    parts.push_back(cat(grouped(ignored), " that do not count"));
  return cat(grouped(balance.rows), " (", join(parts, " / "), ")");
}

}  // namespace lehr
