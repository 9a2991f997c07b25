#include "base/readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/text.h"

namespace lehr {

std::string readable(double value) {
  if (!std::isfinite(value)) return number(value);
  const double size = std::abs(value);
  if (value == std::round(value) && size < 1e16) return fmt::format("{:.0f}", value);
  if (size >= 1e-5 && size < 1e16) {
    std::string out = fmt::format("{:.{}f}", value, std::max(0, 11 - static_cast<int>(std::floor(std::log10(size)))));
    if (out.find('.') == std::string::npos) return out;
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
    return out;
  }
  std::string out = fmt::format("{:.12g}", value);
  const auto e = out.find('e');
  if (e == std::string::npos) return out;
  const auto digits = out.find_first_not_of("+-0", e + 1);
  return out.substr(0, e + 1) + (out[e + 1] == '-' ? "-" : "") + out.substr(digits);
}

std::string readable(double value, int digits) {
  return readable(std::isfinite(value) ? std::strtod(fmt::format("{:.{}g}", value, digits).c_str(), nullptr) : value);
}

}  // namespace lehr
