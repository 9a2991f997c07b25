#pragma once
#include "engine/data/array.h"

namespace lehr::npy {

bool starts(std::string_view bytes);
// How long the whole header is, to be read first from its 12 first bytes. Error: no version 1 to 3, more than a mebibyte.
constexpr std::size_t prefix = 12;
std::size_t header_bytes(std::string_view first);
// A dictionary of 'descr', 'fortran_order' and 'shape', as numpy writes it. Error naming what is not read: structured types, objects (pickles),
// complex numbers, texts, dates, Fortran order, uint64 and anything else.
ArrayHeader parse_header(std::string_view header);
// A little-endian version 1 file of float32 or int64 values.
std::string header(Dtype dtype, const Shape& shape);

}  // namespace lehr::npy
