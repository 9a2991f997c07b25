#pragma once
#include <string>

#include "base/tensor.h"

namespace lehr {

// What the numbers of a stored float tensor say against its being learned; "" where they say nothing. For tensors an operator does not
// itself call a weight: what was drawn at random or trained has none of these forms.
// - a number that is not finite, or beyond 1e30
std::string not_finite(const Tensor& tensor);
// - 0 and one negative number of at most -20, both met: an additive mask
// - 0 and 1, both met: a mask (asked for where it multiplies)
// - values in [-1, 1] that go on as cosines along an axis: x[t+1] + x[t-1] = c x[t], five at least, or three that begin at the
//   angle 0
// - lines of at least 4 that rise or fall in equal steps, or rows of at least 8 that rise: knots, positions
// - a row of at least 8 that is its own mirror image: a window
std::string formula_values(const Tensor& tensor, bool multiplied);

}  // namespace lehr
