#include "engine/data/safetensors.h"

#include <cstring>

#include "engine/data/json.h"

namespace lehr {

namespace {
constexpr std::pair<std::string_view, Dtype> types[] = {{"F32", Dtype::f32}, {"F64", Dtype::f64},     {"F16", Dtype::f16}, {"BF16", Dtype::bf16},
                                                        {"I64", Dtype::i64}, {"I32", Dtype::i32},     {"I16", Dtype::i16}, {"I8", Dtype::i8},
                                                        {"U8", Dtype::u8},   {"U16", Dtype::u16},     {"U32", Dtype::u32}, {"U64", Dtype::u64},
                                                        {"BOOL", Dtype::boolean}};

Dtype type_of(const std::string& text) {
  for (const auto& [name, dtype] : types)
    if (name == text) return dtype;
  throw Error("its type is ", quote(text), ", which is not read");
}

SafeTensors::Entry entry(const std::string& name, const json::Value& row, std::string_view data) {
  SafeTensors::Entry out{name, type_of(row.at("dtype").text()), {}, {}};
  for (const auto& dim : row.at("shape").list()) out.shape.push_back(dim.integer());
  const auto& offsets = row.at("data_offsets").list();
  if (offsets.size() != 2) throw Error("data_offsets has ", offsets.size(), " numbers, two were expected");
  const std::int64_t begin = offsets[0].integer(), end = offsets[1].integer();
  const std::int64_t size = elements(out.shape) * static_cast<std::int64_t>(bytes(out.dtype));
  if (begin < 0 || end < begin || end > static_cast<std::int64_t>(data.size()) || end - begin != size)
    throw Error("it lies in bytes ", begin, " to ", end, " of ", data.size(), ", its shape ", cat(out.shape), " takes ", size);
  out.bytes = data.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
  return out;
}
}  // namespace

Tensor SafeTensors::Entry::tensor() const {
  Tensor out(TensorType{dtype, shape});
  if (!bytes.empty()) std::memcpy(out.data.data(), bytes.data(), bytes.size());
  return out;
}

SafeTensors parse_safetensors(std::string_view file) {
  std::uint64_t length = 0;
  if (file.size() < 8) throw Error("not a safetensors file: ", file.size(), " bytes");
  for (std::size_t i = 0; i < 8; ++i) length |= std::uint64_t{static_cast<unsigned char>(file[i])} << (8 * i);
  if (length > file.size() - 8) throw Error("not a safetensors file: a header of ", length, " bytes in a file of ", file.size());
  const json::Value header = json::parse(file.substr(8, length));
  const auto* members = std::get_if<json::Members>(&header.is);
  if (!members) throw Error("not a safetensors file: its header is no JSON object");
  SafeTensors out;
  for (const auto& member : *members) {
    const std::string& name = member.first;
    const json::Value& row = member.second;
    if (name != "__metadata__") {
      out.entries.push_back(within([&] { return cat("tensor ", quote(name)); }, [&] { return entry(name, row, file.substr(8 + length)); }));
      continue;
    }
    const auto* texts = std::get_if<json::Members>(&row.is);
    if (!texts) throw Error("__metadata__ is no JSON object");
    for (const auto& [key, value] : *texts) out.metadata[key] = value.text();
  }
  return out;
}

}  // namespace lehr
