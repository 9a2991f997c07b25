#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace lehr {

// Starts with gzip's magic bytes 1f 8b.
bool is_gzip(std::string_view content);
// The uncompressed bytes of every member, one after another (RFC 1952). Error on damage, truncation, trailing bytes or more than `limit`.
std::string gunzip(std::string_view content, std::uintmax_t limit);

}  // namespace lehr
