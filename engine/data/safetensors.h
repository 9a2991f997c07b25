#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace lehr {

// A safetensors file: 8 bytes of header length, a JSON header of names, types, shapes and places, the values.
struct SafeTensors {
  struct Entry {
    std::string name;
    Dtype dtype = Dtype::f32;
    Shape shape;
    std::string_view bytes;  // of the file
    Tensor tensor() const;
  };
  std::vector<Entry> entries;                    // in the order of the header
  std::map<std::string, std::string> metadata;   // texts of "__metadata__"
};
// Error naming what is damaged: a header or a tensor out of the file, a type that no tensor here has, a size that is not the shape's.
SafeTensors parse_safetensors(std::string_view file);

}  // namespace lehr
