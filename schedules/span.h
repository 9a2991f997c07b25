#pragma once
#include <string>
#include <string_view>

#include "schedules/clock.h"

namespace lehr {

// A length of training with its unit: `5 epochs`, `300 steps`, `10%` (of the run), `50k samples`.
struct Span {
  enum class Unit { steps, epochs, percent, samples } unit = Unit::steps;
  double count = 0;
  double steps(const Clock& run) const;  // in updates, on this run's clock; whole where it differs from that by rounding only
  std::string text() const;              // parse_span(text()) == *this
  bool operator==(const Span&) const = default;
};

// Error on a bare number: the message shows the spellings. Counts are finite and not negative, percents at most 100.
Span parse_span(std::string_view text);

}  // namespace lehr
