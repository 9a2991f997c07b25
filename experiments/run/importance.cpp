#include "experiments/run/importance.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/rng.h"

namespace lehr::run {

namespace {
// The table with the cells of a column dealt anew among the rows.
CsvTable dealt(const CsvTable& table, std::size_t column, std::span<const std::int32_t> rows, std::uint64_t seed, std::uint64_t repeat) {
  std::vector<std::int32_t> order(rows.begin(), rows.end());
  Random(seed, Stream::shuffle, repeat << 32 | column).shuffle(order);
  std::vector<std::size_t> from(static_cast<std::size_t>(table.rows));
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = i;
  for (std::size_t i = 0; i < order.size(); ++i) from[static_cast<std::size_t>(rows[i])] = static_cast<std::size_t>(order[i]);
  CsvTable out = table;
  Column& of = out.columns[column];
  const Column& source = table.columns[column];
  if (of.numeric) {
    of.numbers = {};
    for (const std::size_t row : from) of.numbers.push_back(source.numbers[row]);
  } else {
    for (std::size_t i = 0; i < from.size(); ++i) of.codes[i] = source.codes[from[i]];
  }
  return out;
}

template <class T>
std::vector<T> values(const Field& field, std::span<const std::int32_t> rows) {
  std::vector<T> out(rows.size() * static_cast<std::size_t>(field.width()));
  gather(field, rows, std::span<T>(out));
  return out;
}
bool same(const Field& a, const Field& b, std::span<const std::int32_t> rows) {
  return a.dtype == Dtype::i64 ? values<std::int64_t>(a, rows) == values<std::int64_t>(b, rows) : values<float>(a, rows) == values<float>(b, rows);
}
bool same_features(const Dataset& a, const Dataset& b, std::span<const std::int32_t> rows) {
  for (std::size_t i = 0; i < a.features.size(); ++i)
    if (!same(a.features[i], b.features[i], rows)) return false;
  return true;
}
}  // namespace

ImportanceReport importance(const onnx::Model& model, const CsvTable& table, const std::function<Dataset(const CsvTable&)>& prepare,
                            std::span<const std::int32_t> rows, const Question& question, std::int64_t repeats, std::uint64_t seed) {
  const auto measured = [&](const Dataset& data) {
    const ModelScore score = evaluate(model, data, rows, question);
    const Measured& m = score.values.front();
    if (std::isnan(m.value)) throw Error("metric ", score.metrics.front(), " is undefined: ", m.undefined ? m.undefined : "not a number").code(Exit::mismatch);
    return std::pair(score.metrics.front(), m.value);
  };
  const Dataset as_it_is = prepare(table);
  std::vector<std::int32_t> all;  // where rows were left out, those of the data are not those of the table
  if (as_it_is.rows != table.rows)
    for (std::int64_t i = 0; i < table.rows; ++i) all.push_back(static_cast<std::int32_t>(i));
  ImportanceReport out;
  std::tie(out.metric, out.value) = measured(as_it_is);
  const double sign = make_metric(out.metric, static_cast<std::int64_t>(as_it_is.classes.size()))->higher_is_better() ? 1 : -1;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::vector<double> losses;
    bool feature = false, target = false;
    for (std::int64_t r = 0; r < repeats && !target; ++r) {
      const Dataset data = prepare(dealt(table, column, all.empty() ? rows : std::span<const std::int32_t>(all), seed, static_cast<std::uint64_t>(r)));
      target = !same(data.target, as_it_is.target, rows) || data.row_weights != as_it_is.row_weights;
      const bool moved = !target && !same_features(data, as_it_is, rows);
      losses.push_back(moved ? sign * (out.value - measured(data).second) : 0);
      feature = feature || moved;
    }
    if (target || !feature) continue;
    Importance one{table.columns[column].name};
    for (const double loss : losses) one.mean += loss / static_cast<double>(losses.size());
    for (const double loss : losses) one.deviation += (loss - one.mean) * (loss - one.mean) / static_cast<double>(losses.size());
    one.deviation = std::sqrt(one.deviation);
    out.columns.push_back(std::move(one));
  }
  std::ranges::stable_sort(out.columns, std::ranges::greater{}, &Importance::mean);
  return out;
}

}  // namespace lehr::run
