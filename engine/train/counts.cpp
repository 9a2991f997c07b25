#include "engine/train/counts.h"

#include <algorithm>

#include "base/error.h"

namespace lehr {

Counts::Counts(const Dataset& data, std::span<const float> class_weights, bool by_loss) {
  const auto rows = static_cast<std::size_t>(data.rows);
  const bool classes = !data.classes.empty(), ignores = classes && std::ranges::any_of(data.target.i64, [](std::int64_t c) { return c < 0; });
  if (data.row_weights.empty() && class_weights.empty() && !ignores) return;
  all_.resize(rows);
  std::vector<float> own(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int64_t c = classes ? data.target.i64[row] : 0;
    own[row] = c < 0 ? 0 : data.row_weights.empty() ? 1 : data.row_weights[row];
    all_[row] = c < 0 || class_weights.empty() ? own[row] : own[row] * class_weights[static_cast<std::size_t>(c)];
  }
  fed_ = by_loss ? std::move(own) : all_;
}

double Counts::sum(std::span<const std::int32_t> rows) const {
  if (all_.empty()) return static_cast<double>(rows.size());
  double out = 0;
  for (const std::int32_t row : rows) out += all_[static_cast<std::size_t>(row)];
  return out;
}

std::vector<float> balanced_weights(const Dataset& data, std::span<const std::int32_t> rows) {
  std::vector<std::int64_t> counts(data.classes.size());
  std::int64_t all = 0;
  for (const std::int32_t row : rows)
    if (const std::int64_t c = data.target.i64[static_cast<std::size_t>(row)]; c >= 0) ++counts[static_cast<std::size_t>(c)], ++all;
  std::vector<float> out;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0)
      throw Error("class ", quote(data.classes[c]), " has no training row, so it has no balanced weight: write class_weights as numbers").code(Exit::mismatch);
    out.push_back(static_cast<float>(static_cast<double>(all) / (static_cast<double>(counts.size()) * static_cast<double>(counts[c]))));
  }
  return out;
}

}  // namespace lehr
