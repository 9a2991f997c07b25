#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/shape.h"

namespace lehr {

// One array of a file: row-major, little-endian; mapped where the file holds it so, else held in memory.
struct ArrayData {
  std::string source;  // "train.npz:images", for messages
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::shared_ptr<const void> owner;
  std::string_view bytes;  // elements(shape) * bytes(dtype), of any alignment
};

// What a header says lies behind it.
struct ArrayHeader {
  Dtype dtype = Dtype::f32;
  bool big_endian = false;
  Shape shape;
  std::size_t begin = 0;  // of the values
};
constexpr std::size_t most_dimensions = 16;
// Bytes of the values. Error: more dimensions than most_dimensions, a negative one, a product of more than 2^47.
std::size_t value_bytes(const ArrayHeader& header);

// The array a text names: a .npy or IDX file, either gzipped, or "FILE:MEMBER" of an .npz or .safetensors file; the member may be left out where
// the file has one array. The kind of file is found in its first bytes; safetensors in the ending. Every size is checked against the file before
// anything is allocated or mapped. Errors name the array, what was expected and what was found.
ArrayData read_array(const std::filesystem::path& named);
// The file in such a text, and the member, empty where none is named.
struct ArrayName { std::filesystem::path file; std::string member; };
ArrayName array_name(const std::filesystem::path& named);
// The texts that name the arrays of a file, one after another.
std::vector<std::filesystem::path> arrays_in(const std::filesystem::path& file);
// Whether a file is one of those that read_array() reads: by its ending.
bool is_array_file(const std::filesystem::path& file);

}  // namespace lehr
