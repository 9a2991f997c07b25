#pragma once
#include <optional>
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

// A time as seconds: "30 s", "1.5 min", "2 h"; absent where the text has no such unit. Error where it is not above 0.
std::optional<double> parse_seconds(std::string_view text);

}  // namespace lehr
