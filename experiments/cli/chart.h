#pragma once
#include <string>
#include <utility>
#include <vector>

namespace lehr::cli {

// A curve; points that are not finite break it.
struct Series {
  std::string label;
  std::vector<std::pair<double, double>> points;
  bool scattered = false;  // dots instead of a line
};
// A vertical line at x.
struct Mark {
  double x = 0;
  std::string label;  // may be empty
};
struct Panel {
  std::string title, x_label;
  std::vector<Series> series;
  std::vector<Mark> marks;
  bool log_x = false;     // every x is above 0
  bool from_zero = true;  // y begins at 0 where nothing is below and the curves come near
};

// The panels below one another as one SVG file: axes with round numbers, a legend of the lines, which differ in dashes as well as in colour.
std::string svg(const std::vector<Panel>& panels);
// One panel as characters: `columns` wide with its scale, `rows` high; dots of later series lie over earlier ones.
std::string drawn(const Panel& panel, std::size_t columns, std::size_t rows);

}  // namespace lehr::cli
