#include <algorithm>
#include <cmath>

#include "experiments/cli/curves.h"

namespace lehr::cli {

namespace {
constexpr double left = 70, top = 20, wide = 640, high = 300;
constexpr const char* colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

std::string label(double x, double y, const char* anchor, const std::string& text, const char* colour = "#333") {
  return cat("<text x=\"", fixed(x, 1), "\" y=\"", fixed(y, 1), "\" text-anchor=\"", anchor, "\" fill=\"", colour, "\">", text, "</text>\n");
}
}  // namespace

std::string svg(const std::vector<Curve>& all, std::int64_t first, std::int64_t end) {
  const std::int64_t count = std::min<std::int64_t>(end - first, 2000);
  const auto step = [&](std::int64_t i) {
    return count == 1
               ? first
               : first +
                     static_cast<std::int64_t>(std::llround(static_cast<double>(i) * static_cast<double>(end - 1 - first) / static_cast<double>(count - 1)));
  };
  double low = 0, up = 0;
  for (const auto& c : all)
    for (std::int64_t i = 0; i < count && step(i) < c.steps(); ++i)
      if (const double v = c.at(step(i)); std::isfinite(v)) low = std::min(low, v), up = std::max(up, v);
  if (up == low) up = low + 1;
  const auto x = [&](std::int64_t s) { return left + wide * static_cast<double>(s - first) / static_cast<double>(std::max<std::int64_t>(end - 1 - first, 1)); };
  const auto y = [&](double v) { return top + high * (up - v) / (up - low); };
  const double height = top + high + 50 + 16 * static_cast<double>(all.size());
  std::string out = cat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 740 ", fixed(height, 0), "\" font-family=\"sans-serif\" font-size=\"12\">\n",
                        "<rect width=\"740\" height=\"", fixed(height, 0), "\" fill=\"white\"/>\n<rect x=\"", fixed(left, 0), "\" y=\"", fixed(top, 0),
                        "\" width=\"", fixed(wide, 0), "\" height=\"", fixed(high, 0), "\" fill=\"none\" stroke=\"#999\"/>\n");
  out += label(left - 6, top + 5, "end", number(static_cast<float>(up))) + label(left - 6, top + high + 4, "end", number(static_cast<float>(low)));
  out += label(left, top + high + 18, "middle", cat(first)) + label(left + wide, top + high + 18, "middle", cat(end - 1)) +
         label(left + wide / 2, top + high + 18, "middle", "step");
  for (std::size_t k = 0; k < all.size(); ++k) {
    const Curve& c = all[k];
    const char* colour = colours[k % std::size(colours)];
    std::string points;
    for (std::int64_t i = 0; i < count && step(i) < c.steps(); ++i)
      if (const double v = c.at(step(i)); std::isfinite(v)) points += cat(points.empty() ? "" : " ", fixed(x(step(i)), 2), ",", fixed(y(v), 2));
    out += cat("<polyline fill=\"none\" stroke=\"", colour, "\" stroke-width=\"1.5\" points=\"", points, "\"/>\n");
    out += label(left, top + high + 42 + 16 * static_cast<double>(k), "start", escaped(c.label() + "  " + c.schedule.text()), colour);
  }
  return out + "</svg>\n";
}

}  // namespace lehr::cli
