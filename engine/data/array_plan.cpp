#include "engine/data/array_plan.h"

#include <algorithm>

#include "base/error.h"
#include "engine/data/json.h"

namespace lehr {

namespace {
constexpr Dtype types[] = {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16, Dtype::i8,  Dtype::u8,     Dtype::i16,
                           Dtype::u16, Dtype::i32, Dtype::u32, Dtype::i64,  Dtype::u64, Dtype::boolean};
}

std::string ArrayPlan::json() const {
  std::string out = cat("{\"input\": ", json::string(input), ", \"type\": \"", name(dtype), "\", \"row\": ", row);
  if (whole) out += ", \"integers\": true";
  if (scaled && knots.empty()) out += cat(", \"shift\": ", shift, ", \"scale\": ", scale);
  std::vector<std::string> each;
  for (const double knot : knots) each.push_back(number(knot));
  if (!knots.empty()) out += cat(", \"quantiles\": [", join(each, ", "), "]", normal ? ", \"normal\": true" : "");
  return out + "}";
}

ArrayPlan ArrayPlan::parse(const json::Value& value) {
  ArrayPlan out;
  out.input = value.at("input").text();
  const std::string& type = value.at("type").text();
  bool known = false;
  for (const Dtype dtype : types)
    if (type == name(dtype)) out.dtype = dtype, known = true;
  if (!known) throw Error("unknown type of array ", quote(type));
  for (const auto& dim : value.at("row").list()) out.row.push_back(dim.integer());
  elements(out.row);
  out.scaled = value.find("shift") != nullptr;
  if (out.scaled) out.shift = value.at("shift").real(), out.scale = value.at("scale").real();
  if (const json::Value* integers = value.find("integers")) out.whole = integers->boolean();
  if (const json::Value* knots = value.find("quantiles")) {
    for (const json::Value& knot : knots->list()) out.knots.push_back(knot.real());
    if (out.scaled || out.knots.empty() || !std::ranges::is_sorted(out.knots)) throw Error("the quantiles of the array ", quote(out.input), " do not ascend");
    out.scaled = true;
    if (const json::Value* normal = value.find("normal")) out.normal = normal->boolean();
  }
  return out;
}

}  // namespace lehr
