#include "experiments/run/importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"

namespace lehr::run {

namespace {
// The table with the cells of a column dealt to these rows from others.
CsvTable dealt(const CsvTable& table, std::size_t column, std::span<const std::int32_t> rows, std::span<const std::int32_t> order) {
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

// A model's first metric with the data as they are, and what it loses with others.
class Losses {
 public:
  Losses(const onnx::Model& model, const Dataset& data, std::span<const std::int32_t> rows, const Question& question)
      : measurement_(model, data, rows, question) {
    value_ = measured(data);
    higher_ = make_metric(metric_, static_cast<std::int64_t>(data.classes.size()))->higher_is_better();
  }
  double with(const Dataset& data) { return (higher_ ? 1 : -1) * (value_ - measured(data)); }
  ImportanceReport report() const { return {metric_, value_, {}}; }

 private:
  double measured(const Dataset& data) {
    const ModelScore score = measurement_.of(data);
    const Measured& m = score.values.front();
    metric_ = score.metrics.front();
    if (std::isnan(m.value)) throw Error("metric ", metric_, " is undefined: ", m.undefined ? m.undefined : "not a number").code(Exit::mismatch);
    return m.value;
  }
  Measurement measurement_;
  std::string metric_;
  double value_ = 0;
  bool higher_ = true;
};

Importance over(std::string column, const std::vector<double>& losses) {
  Importance out{std::move(column)};
  for (const double loss : losses) out.mean += loss / static_cast<double>(losses.size());
  for (const double loss : losses) out.deviation += (loss - out.mean) * (loss - out.mean) / static_cast<double>(losses.size());
  out.deviation = std::sqrt(out.deviation);
  return out;
}

// The order of one repeat of one column.
std::vector<std::int32_t> shuffled(std::span<const std::int32_t> rows, std::size_t column, std::uint64_t seed, std::int64_t repeat) {
  std::vector<std::int32_t> order(rows.begin(), rows.end());
  Random(seed, Stream::shuffle, static_cast<std::uint64_t>(repeat) << 32 | column).shuffle(order);
  return order;
}

// The rows of arrays alone, copied.
Dataset copied(const Dataset& from, std::span<const std::int32_t> rows) {
  Dataset out;
  out.source = from.source, out.rows = static_cast<std::int64_t>(rows.size());
  out.classes = from.classes, out.target_scaling = from.target_scaling;
  const auto field = [&](const Field& f) {
    Field taken{f.name, f.row, f.dtype, {}, {}};
    if (!f.stored.empty()) taken.stored = f.stored.copied(rows);
    for (const std::int32_t r : rows)
      if (!f.i64.empty()) taken.i64.push_back(f.i64[static_cast<std::size_t>(r)]);
    return taken;
  };
  for (const Field& feature : from.features) out.features.push_back(field(feature));
  out.target = field(from.target);
  for (const std::int32_t r : rows)
    if (!from.row_weights.empty()) out.row_weights.push_back(from.row_weights[static_cast<std::size_t>(r)]);
  return out;
}
}  // namespace

ImportanceReport importance(const onnx::Model& model, const CsvTable& table, const std::function<Dataset(const CsvTable&)>& prepare,
                            std::span<const std::int32_t> rows, const Question& question, std::int64_t repeats, std::uint64_t seed) {
  const Dataset as_it_is = prepare(table);
  std::vector<std::int32_t> all;  // where rows were left out, those of the data are not those of the table
  if (as_it_is.rows != table.rows)
    for (std::int64_t i = 0; i < table.rows; ++i) all.push_back(static_cast<std::int32_t>(i));
  const std::span<const std::int32_t> among = all.empty() ? rows : all;
  Losses lost(model, as_it_is, rows, question);
  ImportanceReport out = lost.report();
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::vector<double> losses;
    bool feature = false, target = false;
    for (std::int64_t r = 0; r < repeats && !target; ++r) {
      const Dataset data = prepare(dealt(table, column, among, shuffled(among, column, seed, r)));
      target = !same(data.target, as_it_is.target, rows) || data.row_weights != as_it_is.row_weights;
      const bool moved = !target && !same_features(data, as_it_is, rows);
      losses.push_back(moved ? lost.with(data) : 0);
      feature = feature || moved;
    }
    if (!target && feature) out.columns.push_back(over(table.columns[column].name, losses));
  }
  std::ranges::stable_sort(out.columns, std::ranges::greater{}, &Importance::mean);
  return out;
}

ImportanceReport importance(const onnx::Model& model, const Dataset& arrays, std::span<const std::int32_t> rows, const Question& question,
                            std::int64_t repeats, std::uint64_t seed) {
  Dataset data = copied(arrays, rows);
  std::vector<std::int32_t> own(rows.size());
  std::iota(own.begin(), own.end(), 0);
  Losses lost(model, data, own, question);
  ImportanceReport out = lost.report();
  const bool by_column = data.features.size() == 1 && data.features.front().row.size() == 1;
  const std::size_t count = by_column ? static_cast<std::size_t>(data.features.front().width()) : data.features.size();
  for (std::size_t k = 0; k < count; ++k) {
    Field& field = data.features[by_column ? 0 : k];
    const Stored before = field.stored;
    std::vector<double> losses;
    for (std::int64_t r = 0; r < repeats; ++r) {
      field.stored = before.copied(own, shuffled(own, k, seed, r), by_column ? std::optional(k) : std::nullopt);
      losses.push_back(lost.with(data));
    }
    field.stored = before;
    out.columns.push_back(over(by_column ? cat("column ", k) : field.name.empty() ? std::string("the input") : field.name, losses));
  }
  std::ranges::stable_sort(out.columns, std::ranges::greater{}, &Importance::mean);
  return out;
}

}  // namespace lehr::run
