#include "engine/data/array_plan.h"

#include "base/error.h"
#include "engine/data/json.h"

namespace lehr {

namespace {
constexpr Dtype types[] = {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::i8,  Dtype::u8,     Dtype::i16,
                           Dtype::u16, Dtype::i32, Dtype::u32, Dtype::i64, Dtype::boolean};
}

std::string ArrayPlan::json() const {
  std::string out = cat("{\"input\": ", json::string(input), ", \"type\": \"", name(dtype), "\", \"row\": ", row);
  if (scaled) out += cat(", \"shift\": ", shift, ", \"scale\": ", scale);
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
  return out;
}

}  // namespace lehr
