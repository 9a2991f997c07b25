#pragma once
#include "engine/data/array.h"

namespace lehr::idx {

// The files of MNIST and its kin: two zero bytes, a type, the number of dimensions, each in 4 bytes, the values; all big-endian.
bool starts(std::string_view bytes);
// How long the header is, from its first 4 bytes. Error on a type or rank that is none.
constexpr std::size_t prefix = 4;
std::size_t header_bytes(std::string_view first);
ArrayHeader parse_header(std::string_view header);

}  // namespace lehr::idx
