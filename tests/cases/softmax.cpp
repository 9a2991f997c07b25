#include <cmath>

#include "tests/cases/cases.h"

namespace lehr::cases {

namespace {
// Over [outer, classes, inner].
Reference normalised(bool log, std::size_t classes, std::size_t inner) {
  return [=](const Arrays& in) {
    Array out = in[0];
    for (std::size_t start = 0; start < out.size(); start += classes * inner)
      for (std::size_t i = 0; i < inner; ++i) {
        double top = -1e300, sum = 0;
        for (std::size_t c = 0; c < classes; ++c) top = std::max(top, in[0][start + c * inner + i]);
        for (std::size_t c = 0; c < classes; ++c) sum += std::exp(in[0][start + c * inner + i] - top);
        for (std::size_t c = 0; c < classes; ++c) {
          double& y = out[start + c * inner + i];
          y = log ? y - top - std::log(sum) : std::exp(y - top) / sum;
        }
      }
    return Arrays{out};
  };
}
struct Row { int opset; Shape shape; Attributes attrs; std::size_t classes, inner; double high = 3; };
}  // namespace

std::vector<OpCase> softmax_cases() {
  const auto axis = [](std::int64_t a) { return Attributes{{"axis", a}}; };
  const std::vector<Row> rows{
      {1, {3, 5}, {}, 5, 1},          {1, {2, 3, 4}, {}, 12, 1},        {1, {2, 3, 4}, axis(2), 4, 1}, {1, {2, 3}, axis(0), 6, 1}, {1, {5}, {}, 5, 1},
      {11, {3, 5}, {}, 5, 1},         {11, {2, 3, 4}, {}, 12, 1},       {11, {2, 3, 4}, axis(-1), 4, 1}, {11, {2, 3, 4}, axis(-2), 12, 1},
      {13, {3, 5}, {}, 5, 1},         {13, {2, 3, 4}, {}, 4, 1},        {13, {2, 3, 4}, axis(1), 3, 4}, {13, {2, 3, 4}, axis(0), 2, 12},
      {13, {1, 1}, {}, 1, 1},         {13, {7}, {}, 7, 1},              {13, {2, 67}, axis(-1), 67, 1}, {13, {4, 6}, {}, 6, 1, 90},
      {13, {3, 4}, axis(-1), 4, 1, 1e4}, {13, {}, {}, 1, 1}};
  std::vector<OpCase> out;
  for (const char* op : {"Softmax", "LogSoftmax"})
    for (const Row& row : rows)
      out.push_back({.op = op, .opset = row.opset, .variant = cat(row.shape, " over ", row.classes), .attrs = row.attrs,
                     .in = {parameter(row.shape, -row.high, row.high)}, .reference = normalised(op == std::string("LogSoftmax"), row.classes, row.inner),
                     .gradient_tolerance = row.high > 50 ? 1e-4 : 1e-5});  // y rounds to 1 there, and the gradient is made of 1 - y
  return out;
}

}  // namespace lehr::cases
