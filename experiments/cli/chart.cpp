#include "experiments/cli/chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/readable.h"
#include "base/text.h"
#include "experiments/report/lines.h"

namespace lehr::cli {

namespace {
constexpr double left = 84, right = 20, wide = 640, high = 240, above = 34, below = 56, line_height = 17;
constexpr const char* colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f"};
constexpr const char* dashes[] = {"", "7 3", "2 2", "9 3 2 3", "12 4", "4 2 1 2"};

struct Scale {
  double low = 0, high = 1;
  bool log = false;
  double of(double v) const { return log ? std::log10(v) : v; }
  double share(double v) const { return (of(v) - of(low)) / (of(high) - of(low)); }
};

struct Scales {
  Scale x, y;
};

Scales scales(const Panel& p) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Scales s;
  s.x = {infinity, -infinity, p.log_x}, s.y = {infinity, -infinity, false};
  for (const Series& series : p.series)
    for (const auto& [x, y] : series.points) {
      s.x.low = std::min(s.x.low, x), s.x.high = std::max(s.x.high, x);
      if (std::isfinite(y)) s.y.low = std::min(s.y.low, y), s.y.high = std::max(s.y.high, y);
    }
  if (!(s.x.low <= s.x.high)) s.x.low = 1, s.x.high = 10;
  if (!(s.y.low <= s.y.high)) s.y.low = 0, s.y.high = 1;
  if (p.from_zero && s.y.low < s.y.high / 2) s.y.low = std::min(s.y.low, 0.0);
  if (s.x.low == s.x.high) s.x.high = p.log_x ? 10 * s.x.low : s.x.low + 1;
  if (s.y.low == s.y.high) s.y.high = s.y.low + std::max(1e-12, std::fabs(s.y.low));
  return s;
}

// Round numbers inside a scale: powers of ten, or multiples of 1, 2 or 5 times one.
std::vector<double> ticks(const Scale& s) {
  std::vector<double> out;
  if (s.log) {
    for (double e = std::ceil(std::log10(s.low) - 1e-9); e <= std::log10(s.high) + 1e-9; ++e) out.push_back(std::pow(10, e));
    if (out.size() >= 2) return out;
    return {s.low, s.high};
  }
  const double rough = (s.high - s.low) / 5, unit = std::pow(10, std::floor(std::log10(rough)));
  const double step = unit * (rough / unit < 1.5 ? 1 : rough / unit < 3.5 ? 2 : rough / unit < 7.5 ? 5 : 10);
  for (double k = std::ceil(s.low / step - 1e-9); k * step <= s.high + 1e-9 * step; ++k) out.push_back(k * step);
  return out;
}

std::string short_number(double v) { return readable(v, 4); }

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

std::string words(double x, double y, const char* anchor, const std::string& text, const char* more = "") {
  return cat("<text x=\"", fixed(x, 1), "\" y=\"", fixed(y, 1), "\" text-anchor=\"", anchor, "\" ", more, ">", escaped(text), "</text>\n");
}
std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return cat("<line x1=\"", fixed(x1, 1), "\" y1=\"", fixed(y1, 1), "\" x2=\"", fixed(x2, 1), "\" y2=\"", fixed(y2, 1), "\" ", style, "/>\n");
}

std::string curve(const Series& series, const std::string& style, const auto& x, const auto& y) {
  std::string out, points;
  const auto end = [&] {
    if (!points.empty()) out += cat("<polyline fill=\"none\" ", style, " points=\"", points, "\"/>\n");
    points.clear();
  };
  for (const auto& [a, b] : series.points) {
    if (!std::isfinite(b)) {
      end();
      continue;
    }
    if (series.scattered)
      out += cat("<circle r=\"1.4\" fill=\"#999\" cx=\"", fixed(x(a), 2), "\" cy=\"", fixed(y(b), 2), "\"/>\n");
    else
      points += cat(points.empty() ? "" : " ", fixed(x(a), 2), ",", fixed(y(b), 2));
  }
  end();
  return out;
}

// A label's lines in the legend.
std::vector<std::string> legend(const Series& series) {
  std::vector<std::string> out;
  for (const auto& part : split(report::wrapped(series.label, 92, 2), '\n')) out.emplace_back(part);
  return out;
}

double height(const Panel& p) {
  std::size_t lines = 0;
  for (const Series& series : p.series) lines += legend(series).size();
  return above + high + below + line_height * static_cast<double>(lines);
}

std::string panel_svg(const Panel& p, double top) {
  const Scales s = scales(p);
  const auto x = [&](double v) { return left + wide * s.x.share(v); };
  const auto y = [&](double v) { return top + above + high * (1 - s.y.share(v)); };
  const double floor = top + above + high;
  std::string out = words(left, top + above - 12, "start", p.title, "font-weight=\"bold\"");
  for (const double v : ticks(s.y)) out += line(left, y(v), left + wide, y(v), "stroke=\"#ddd\"") + words(left - 7, y(v) + 4, "end", short_number(v));
  for (const double v : ticks(s.x)) out += line(x(v), floor, x(v), floor + 5, "stroke=\"#333\"") + words(x(v), floor + 18, "middle", short_number(v));
  out += words(left + wide / 2, floor + 34, "middle", p.x_label);
  for (const Mark& m : p.marks)
    if (m.x >= s.x.low && m.x <= s.x.high)
      out += line(x(m.x), top + above, x(m.x), floor, "stroke=\"#888\" stroke-dasharray=\"1 3\"") +
             (m.label.empty() ? "" : words(x(m.x) + 4, top + above + 12, "start", m.label, "fill=\"#555\""));
  double at = floor + below;
  for (std::size_t k = 0; k < p.series.size(); ++k) {
    const Series& series = p.series[k];
    const std::string style =
        cat("stroke=\"", colours[k % std::size(colours)], "\" stroke-width=\"1.6\" stroke-dasharray=\"", dashes[k % std::size(dashes)], "\"");
    out += curve(series, style, x, y);
    out += series.scattered ? cat("<circle r=\"2\" fill=\"#999\" cx=\"", fixed(left + 14, 1), "\" cy=\"", fixed(at - 4, 1), "\"/>\n")
                            : line(left, at - 4, left + 28, at - 4, style.c_str());
    for (const std::string& text : legend(series)) out += words(left + 36, std::exchange(at, at + line_height), "start", text);
  }
  return out + cat("<rect x=\"", fixed(left, 0), "\" y=\"", fixed(top + above, 0), "\" width=\"", fixed(wide, 0), "\" height=\"", fixed(high, 0),
                   "\" fill=\"none\" stroke=\"#333\"/>\n");
}
}  // namespace

std::string svg(const std::vector<Panel>& panels) {
  double total = 0;
  for (const Panel& p : panels) total += height(p);
  const std::string size = cat(fixed(left + wide + right, 0), " ", fixed(total, 0));
  std::string out = cat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", size, "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n",
                        "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  double top = 0;
  for (const Panel& p : panels) {
    out += panel_svg(p, top);
    top += height(p);
  }
  return out + "</svg>\n";
}

std::string drawn(const Panel& p, std::size_t columns, std::size_t rows) {
  static const char* const dots[] = {"•", "+", "x", "o", "*"};
  const Scales s = scales(p);
  const std::string high_text = short_number(s.y.high), low_text = short_number(s.y.low);
  const std::size_t margin = std::max(width(high_text), width(low_text)) + 1,
                    wide_cells = std::max<std::size_t>(columns > margin + 11 ? columns - margin - 1 : 10, 10);
  std::vector<std::vector<std::string>> cells(rows, std::vector<std::string>(wide_cells, " "));
  const auto cell = [](double share, std::size_t count) {
    return static_cast<std::size_t>(std::clamp(std::floor(share * static_cast<double>(count)), 0.0, static_cast<double>(count - 1)));
  };
  for (const Mark& m : p.marks)
    if (m.x >= s.x.low && m.x <= s.x.high)
      for (auto& row : cells) row[cell(s.x.share(m.x), wide_cells)] = "┊";
  for (std::size_t k = 0; k < p.series.size(); ++k)
    for (const auto& [x, y] : p.series[k].points)
      if (std::isfinite(y))
        cells[rows - 1 - cell(s.y.share(y), rows)][cell(s.x.share(x), wide_cells)] = p.series[k].scattered ? "·" : dots[k % std::size(dots)];
  std::string out;
  for (std::size_t r = 0; r < rows; ++r) {
    std::string text = cat(pad_left(r == 0 ? high_text : r + 1 == rows ? low_text : "", margin - 1), "│");
    for (const std::string& c : cells[r]) text += c;
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  const std::string first = short_number(s.x.low), last = short_number(s.x.high), middle = p.x_label;
  const std::size_t used = width(first) + width(last) + width(middle), room = wide_cells > used ? wide_cells - used : 2;
  out += cat(std::string(margin - 1, ' '), "└");
  for (std::size_t i = 0; i < wide_cells; ++i) out += "─";
  return out + cat("\n", std::string(margin, ' '), first, std::string(room / 2, ' '), middle, std::string(room - room / 2, ' '), last, "\n");
}

}  // namespace lehr::cli
