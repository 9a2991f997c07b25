#include "engine/data/array_scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/rng.h"

namespace lehr {

namespace {
// f(block, values) for blocks of the rows, `values` filled by `gather`. What was read of a mapped file is left again now and then.
template <class T, class Gather, class Each>
void each_block(const Stored& stored, std::span<const std::int32_t> rows, std::size_t width, const Gather& gather, const Each& each) {
  constexpr std::size_t block_values = 1 << 16, blocks_held = 64;
  const std::size_t most = std::max<std::size_t>(1, block_values / std::max<std::size_t>(1, width));
  std::vector<T> values(std::min(most, rows.size()) * width);
  for (std::size_t at = 0; at < rows.size(); at += most) {
    const auto block = rows.subspan(at, std::min(most, rows.size() - at));
    gather(block, values.data());
    each(block, std::span<const T>(values).first(block.size() * width));
    if (at / most % blocks_held == blocks_held - 1) stored.leave();
  }
  stored.leave();
}
}  // namespace

ArraySummary summarise(const Stored& values, std::span<const std::int32_t> rows, std::size_t width) {
  ArraySummary out;
  out.min = std::numeric_limits<double>::infinity(), out.max = -out.min;
  double count = 0, squares = 0;
  each_block<double>(
      values, rows, width, [&](auto block, double* to) { values.gather_raw(block, to); },
      [&](auto, std::span<const double> block) {
        // Each block by its own mean, then joined (Chan, Golub and LeVeque 1979).
        double n = 0, sum = 0;
        for (const double v : block) {
          if (!std::isfinite(v)) {
            ++out.not_finite;
            continue;
          }
          out.min = std::min(out.min, v), out.max = std::max(out.max, v);
          sum += v, ++n;
        }
        if (n == 0) return;
        const double mean = sum / n;
        double around = 0;
        for (const double v : block)
          if (std::isfinite(v)) around += (v - mean) * (v - mean);
        const double step = mean - out.mean;
        squares += around + step * step * count * n / (count + n);
        out.mean += step * n / (count + n);
        count += n;
      });
  if (count == 0) {
    out.min = out.max = out.mean = out.deviation = std::numeric_limits<double>::quiet_NaN();
    return out;
  }
  out.deviation = out.min == out.max ? 0 : std::sqrt(squares / count);
  return out;
}

namespace {
std::vector<std::int32_t> all_rows(std::int64_t rows) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(rows));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

// Quantiles hide an infinity.
void check_raw(const Stored& values, std::span<const std::int32_t> rows, std::size_t width, const std::string& what) {
  each_block<double>(
      values, rows, width, [&](auto block, double* to) { values.gather_raw(block, to); },
      [&](std::span<const std::int32_t> block, std::span<const double> raw) {
        const auto bad = std::ranges::find_if_not(raw, [](double v) { return std::isfinite(v); });
        if (bad == raw.end()) return;
        const auto at = static_cast<std::size_t>(bad - raw.begin());
        throw Error(what, ": row ", block[at / width], ", value ", at % width, " (both from 0) is ", *bad).code(Exit::mismatch);
      });
}

void check_rows(const Stored& values, std::span<const std::int32_t> rows, std::size_t width, const std::string& what) {
  each_block<float>(
      values, rows, width, [&](auto block, float* to) { values.gather(block, to); },
      [&](std::span<const std::int32_t> block, std::span<const float> seen) {
        const auto bad = std::ranges::find_if_not(seen, [](float v) { return std::isfinite(v); });
        if (bad == seen.end()) return;
        const auto at = static_cast<std::size_t>(bad - seen.begin());
        const std::int64_t row = block[at / width];
        const double raw = values.raw(static_cast<std::size_t>(row) * width + at % width);
        throw Error(what, ": row ", row, ", value ", at % width, " (both from 0) is ", raw, std::isfinite(raw) ? ", beyond the range of float32" : "")
            .code(Exit::mismatch);
      });
}
}  // namespace

void check_finite(const Stored& values, std::int64_t rows, std::size_t width, const std::string& what) {
  if (!is_float(values.dtype())) return;
  constexpr std::int64_t at_once = 1 << 16;
  std::vector<std::int32_t> all;
  for (std::int64_t first = 0; first < rows; first += at_once) {
    all.resize(static_cast<std::size_t>(std::min(at_once, rows - first)));
    std::iota(all.begin(), all.end(), static_cast<std::int32_t>(first));
    (values.placed() ? check_raw : check_rows)(values, all, width, what);
  }
}

void check_exact(const Stored& values, std::int64_t rows, std::size_t width, bool integers, const std::string& what) {
  if (values.dtype() != Dtype::u64) return;
  constexpr std::uint64_t past = std::uint64_t{1} << 63;
  each_block<std::int64_t>(
      values, all_rows(rows), width, [&](auto block, std::int64_t* to) { values.gather(block, to); },
      [&](std::span<const std::int32_t> block, std::span<const std::int64_t> seen) {
        const auto bad = std::ranges::find_if(seen, [&](std::int64_t wrapped) {
          const auto v = static_cast<std::uint64_t>(wrapped);
          if (integers) return v >= past;
          const auto real = static_cast<double>(v);  // at most 2^64, which no uint64 is
          return real >= 18446744073709551616.0 || static_cast<std::uint64_t>(real) != v;
        });
        if (bad == seen.end()) return;
        const auto at = static_cast<std::size_t>(bad - seen.begin());
        throw Error(what, ": row ", block[at / width], ", value ", at % width, " (both from 0) is ", std::to_string(static_cast<std::uint64_t>(*bad)),
                    integers ? ", which no int64 holds" : ", which no float64 holds exactly")
            .code(Exit::mismatch);
      });
}

std::vector<double> sample(const Stored& values, std::span<const std::int32_t> rows, std::size_t width, std::size_t most, std::uint64_t substream) {
  std::vector<double> out;
  const auto keep = [&](double v) {
    if (std::isfinite(v)) out.push_back(v);
  };
  if (rows.size() * width <= most) {
    each_block<double>(
        values, rows, width, [&](auto block, double* to) { values.gather_raw(block, to); },
        [&](auto, std::span<const double> block) { std::ranges::for_each(block, keep); });
    return out;
  }
  Random random(0, Stream::data, substream);
  std::vector<std::uint64_t> places(most);
  for (auto& place : places) place = random.below(rows.size() * width);
  std::ranges::sort(places);  // as the file lies
  for (const std::uint64_t place : places) keep(values.raw(static_cast<std::size_t>(rows[place / width]) * width + place % width));
  return out;
}

OddValues odd_values(const Stored& values, std::int64_t rows, std::size_t width) {
  constexpr std::int64_t fewest_rows = 5;
  OddValues out;
  if (rows < 2) return out;
  std::vector<double> first(width);
  std::vector<bool> same(width, true), counts(width, rows >= fewest_rows);
  const std::int32_t zero[] = {0};
  values.gather_raw(zero, first.data());
  for (std::size_t c = 0; c < width; ++c) counts[c] = counts[c] && (first[c] == 0 || first[c] == 1);
  each_block<double>(
      values, all_rows(rows), width, [&](auto block, double* to) { values.gather_raw(block, to); },
      [&](std::span<const std::int32_t> block, std::span<const double> seen) {
        for (std::size_t i = 0; i < seen.size(); ++i) {
          const std::size_t c = i % width;
          if (same[c] && seen[i] != first[c]) same[c] = false;
          if (counts[c] && seen[i] != first[c] + static_cast<double>(block[i / width])) counts[c] = false;
        }
      });
  for (std::size_t c = 0; c < width; ++c) {
    if (same[c]) out.constant.push_back(c);
    if (counts[c]) out.row_numbers.push_back(c);
  }
  return out;
}

}  // namespace lehr
