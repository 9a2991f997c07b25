#include "engine/data/describe_arrays.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/error.h"
#include "engine/data/array.h"
#include "engine/data/array_scan.h"

namespace lehr {

namespace {
std::string short_text(double value) {
  if (!std::isfinite(value)) return "-";
  if (value == std::round(value) && std::abs(value) < 1e15) return fixed(value, 0);
  const double size = std::abs(value);
  return size >= 1e-3 && size < 1e7 ? fixed(value, std::max(1, 3 - static_cast<int>(std::floor(std::log10(size))))) : number(static_cast<float>(value));
}

// "6,000 each of 0 to 9", "1 120, 0 80"
std::string counted(const Stored& values, std::int64_t count) {
  constexpr std::size_t most = 12;
  std::map<double, std::int64_t> counts;
  for (std::int64_t i = 0; i < count; ++i)
    if (++counts[values.raw(static_cast<std::size_t>(i))]; counts.size() > 1000) return "";
  std::vector<std::string> out;
  const bool same = std::ranges::all_of(counts, [&](const auto& c) { return c.second == counts.begin()->second; });
  if (same && counts.size() > 2) return cat(counts.size(), " values, each ", grouped(counts.begin()->second), " times");
  for (const auto& [value, n] : counts) {
    if (out.size() == most) {
      out.push_back(cat("… ", counts.size(), " values"));
      break;
    }
    out.push_back(cat(short_text(value), ": ", grouped(n)));
  }
  return join(out, ", ");
}

std::vector<std::string> line(const NamedArray& named) {
  const ArrayData array = read_array(named.path);
  std::vector<std::string> out = {printable(named.name), printable(array.source), name(array.dtype), cat(array.shape)};
  const std::int64_t rows = array.shape.empty() ? 1 : array.shape[0];
  const std::int64_t width = rows == 0 ? 0 : elements(array.shape) / rows;
  if (width == 0 || rows > std::numeric_limits<std::int32_t>::max()) return out;
  Stored values = within([&] { return quote(array.source); }, [&] { return Stored(array.dtype, width); });
  values.add({array.owner, reinterpret_cast<const std::byte*>(array.bytes.data()), rows});
  std::vector<std::int32_t> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  const ArraySummary s = summarise(values, all, static_cast<std::size_t>(width));
  for (const double v : {s.min, s.max, s.mean, s.deviation}) out.push_back(short_text(v));
  std::vector<std::string> more;
  if (s.not_finite > 0) more.push_back(cat(grouped(s.not_finite), " values are not finite"));
  if (!is_float(array.dtype) && width == 1)
    if (auto text = counted(values, rows); !text.empty()) more.push_back(std::move(text));
  out.push_back(join(more, "; "));
  return out;
}
}  // namespace

std::string describe_arrays(const std::vector<NamedArray>& arrays) {
  std::vector<std::vector<std::string>> lines = {{"array", "file", "type", "shape", "min", "max", "mean", "sd", ""}};
  for (const NamedArray& array : arrays) lines.push_back(line(array));
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& cells : lines)
    for (std::size_t c = 0; c < cells.size(); ++c) widths[c] = std::max(widths[c], width(cells[c]));
  std::string out;
  for (const auto& cells : lines) {
    std::string text;
    for (std::size_t c = 0; c < cells.size(); ++c)
      text += (c == 0 ? "" : "  ") + (c < 4 || c == 8 ? pad_right(cells[c], widths[c]) : pad_left(cells[c], widths[c]));
    out += cat(std::string(text.substr(0, text.find_last_not_of(' ') + 1)), "\n");
  }
  return out;
}

}  // namespace lehr
