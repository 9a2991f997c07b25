#include "engine/data/idx.h"

#include "base/error.h"

namespace lehr::idx {

namespace {
struct TypeRow {
  unsigned char code;
  Dtype dtype;
};
constexpr TypeRow types[] = {{0x08, Dtype::u8}, {0x09, Dtype::i8}, {0x0B, Dtype::i16}, {0x0C, Dtype::i32}, {0x0D, Dtype::f32}, {0x0E, Dtype::f64}};

const TypeRow* find(char code) {
  for (const TypeRow& row : types)
    if (row.code == static_cast<unsigned char>(code)) return &row;
  return nullptr;
}
}  // namespace

bool starts(std::string_view bytes) { return bytes.size() >= prefix && bytes[0] == 0 && bytes[1] == 0 && find(bytes[2]) && bytes[3] != 0; }

std::size_t header_bytes(std::string_view first) {
  if (!starts(first)) throw Error("it does not start as an IDX file does: two zero bytes, a type, a number of dimensions");
  const auto rank = static_cast<std::size_t>(static_cast<unsigned char>(first[3]));
  if (rank > most_dimensions) throw Error("its IDX header says ", rank, " dimensions, more than ", most_dimensions);
  return prefix + 4 * rank;
}

ArrayHeader parse_header(std::string_view header) {
  ArrayHeader out;
  out.dtype = find(header[2])->dtype;
  out.big_endian = bytes(out.dtype) > 1;
  for (std::size_t at = prefix; at < header.size(); at += 4) {
    std::int64_t dim = 0;
    for (std::size_t i = 0; i < 4; ++i) dim = dim << 8 | static_cast<unsigned char>(header[at + i]);
    out.shape.push_back(dim);
  }
  out.begin = header.size();
  return out;
}

}  // namespace lehr::idx
