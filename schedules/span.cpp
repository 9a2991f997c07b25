#include "schedules/span.h"

#include <charconv>
#include <cmath>

#include "base/error.h"

namespace lehr {
namespace {
const std::vector<std::string> unit_names = {"steps", "epochs", "%", "samples"};

double whole_if_close(double steps) {
  const double near = std::nearbyint(steps);
  return std::abs(steps - near) <= 1e-9 * std::abs(steps) ? near : steps;
}

std::string_view multiplied(std::string_view rest, double& count) {
  if (rest.empty()) return rest;
  const double by = rest[0] == 'k' ? 1e3 : rest[0] == 'M' ? 1e6 : rest[0] == 'G' ? 1e9 : 1;
  if (by == 1 || (rest.size() > 1 && rest[1] != ' ')) return rest;
  count *= by;
  return rest.substr(1);
}

std::string spellings(std::string_view text) {
  const std::string n(text);
  return cat("`", n, " epochs`, `", n, " steps`, `", n, "%` (of the run) or `", n, " samples`");
}
}  // namespace

double Span::steps(const Clock& run) const {
  switch (unit) {
    case Unit::epochs:
      return whole_if_close(count * static_cast<double>(run.steps_per_epoch));
    case Unit::percent:
      return whole_if_close(count * static_cast<double>(run.steps) / 100);
    case Unit::samples:
      return whole_if_close(count * static_cast<double>(run.steps_per_epoch) / static_cast<double>(run.samples_per_epoch));
    default:
      return count;
  }
}

std::string Span::text() const {
  if (unit == Unit::percent) return number(count) + "%";
  std::string name = unit_names[static_cast<std::size_t>(unit)];
  if (count == 1) name.pop_back();
  return number(count) + " " + name;
}

Span parse_span(std::string_view text) {
  const std::string_view whole = trim(text);
  double count = 0;
  const auto [end, problem] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
  if (problem != std::errc() || !std::isfinite(count)) throw Error(quote(whole), " is no length of training: write for example ", spellings("5"));
  std::string_view rest(end, static_cast<std::size_t>(whole.data() + whole.size() - end));
  const std::string_view digits = whole.substr(0, whole.size() - rest.size());
  if (count < 0) throw Error("a length of training cannot be negative, but ", quote(whole), " is");
  rest = trim(multiplied(rest, count));
  if (rest.empty()) throw Error(quote(whole), " has no unit: write ", spellings(digits));
  for (std::size_t i = 0; i < unit_names.size(); ++i) {
    std::string singular = unit_names[i];
    if (singular != "%") singular.pop_back();
    if (rest != unit_names[i] && rest != singular) continue;
    const Span span{static_cast<Span::Unit>(i), count};
    if (span.unit == Span::Unit::percent && count > 100) throw Error(quote(whole), " is more than the whole run");
    return span;
  }
  throw Error("unknown unit ", quote(rest), " in ", quote(whole), did_you_mean(rest, unit_names), ": write ", spellings(digits));
}

std::optional<double> parse_seconds(std::string_view text) {
  const std::string_view whole = trim(text);
  double count = 0;
  const auto [end, problem] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
  if (problem != std::errc()) return std::nullopt;
  const std::string_view unit = trim(whole.substr(static_cast<std::size_t>(end - whole.data())));
  constexpr struct { const char* name; double seconds; } units[] = {{"s", 1},     {"sec", 1},     {"second", 1}, {"seconds", 1}, {"min", 60},
                                                                    {"minute", 60}, {"minutes", 60}, {"h", 3600},   {"hour", 3600},  {"hours", 3600}};
  for (const auto& one : units)
    if (unit == one.name) {
      if (!(count > 0) || !std::isfinite(count * one.seconds)) throw Error(quote(whole), " is no time above 0");
      return count * one.seconds;
    }
  return std::nullopt;
}

}  // namespace lehr
