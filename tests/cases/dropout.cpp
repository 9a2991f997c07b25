#include "tests/cases/cases.h"

namespace lehr::cases {

// Rows that drop nothing; what is dropped is looked at in tests/ops/dropout_test.cpp.
std::vector<OpCase> dropout_cases() {
  std::vector<OpCase> out;
  const Reference same = map([](double x) { return x; });
  const Reference with_mask = [](const Arrays& in) { return Arrays{in[0], filled(in[0].shape, 1)}; };
  for (const int opset : {6, 7, 10, 12, 13, 22})
    for (const bool masked : {false, true}) {
      OpCase c{.op = "Dropout", .opset = opset, .variant = masked ? "with mask" : "", .in = {parameter({3, 5})}, .reference = masked ? with_mask : same};
      if (opset < 12) c.attrs["ratio"] = 0.0f;
      else c.in.insert(c.in.end(), {constant({}, {0}), constant({}, {1}, Dtype::boolean)});
      if (masked) c.outputs.push_back(Dtype::boolean);
      out.push_back(c);
    }
  return out;
}

}  // namespace lehr::cases
