#pragma once
#include <cstdint>

namespace lehr {

// Every loss returns its mean and, where the gradient's pointer is not null, writes scale * d mean / d input. Losses add up in
// double over f32 terms, in a fixed order. No NaN comes from finite inputs.

// max(z,0) - z y + log1p(exp(-|z|)) over n logits z; y in [0,1].
double binary_cross_entropy(const float* z, const float* y, std::int64_t n, float* dz, float scale = 1);
// -y log p - (1-y) log(1-p) over n probabilities, each logarithm at least -100; p (1-p) counts as at least 1e-12 in the gradient.
double binary_cross_entropy_of_probabilities(const float* p, const float* y, std::int64_t n, float* dp, float scale = 1);

enum class Scores : std::uint8_t { logits, log_probabilities, probabilities };

// Cross-entropy of rows of x[rows,classes], dense: -sum_c q_c log p_c.
//   index targets: q = w_t ((1-s) [c = t]) + (s/classes) w_c; the mean is over the sum of w_t of the rows that count
//   dense targets: q = w_c ((1-s) t_c + s/classes); the mean is over the rows
// With row weights r, q is r times that and the mean is over the sum of r w_t, or of r. Rows whose index is negative or `ignore` count for nothing; if
// no row counts, loss and gradient are 0.
struct CrossEntropyArgs {
  const float* x = nullptr;
  Scores scores = Scores::logits;
  std::int64_t rows = 0, classes = 0;
  const std::int64_t* index = nullptr;  // one of index and target
  const float* target = nullptr;        // [rows,classes]
  const float* weights = nullptr;       // [classes], null: all 1
  const float* row_weights = nullptr;   // [rows / group], each for `group` rows in a row; null: all 1
  std::int64_t group = 1;
  float smoothing = 0;                  // s in [0,1)
  bool has_ignore = false;
  std::int64_t ignore = -100;
  float* dx = nullptr;  // may be null; may not be x
  float scale = 1;
};
// Error naming the row where an index is `classes` or more and not `ignore`.
double cross_entropy(const CrossEntropyArgs& args);

// With r = x - y: r^2; |r|; r^2/2 for |r| <= delta, else delta (|r| - delta/2).
double mean_squared_error(const float* x, const float* y, std::int64_t n, float* dx, float scale = 1);
double mean_absolute_error(const float* x, const float* y, std::int64_t n, float* dx, float scale = 1);
double huber(const float* x, const float* y, std::int64_t n, float delta, float* dx, float scale = 1);

}  // namespace lehr
