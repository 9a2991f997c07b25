#include "engine/data/array_scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/error.h"

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
    check_rows(values, all, width, what);
  }
}

}  // namespace lehr
