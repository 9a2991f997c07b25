#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace lehr {

// One line an array: name, file, type, shape, range, mean, deviation, how many values are not finite; of few whole numbers how often each is there.
struct NamedArray {
  std::string name;
  std::filesystem::path path;  // as read_array() takes it
};
std::string describe_arrays(const std::vector<NamedArray>& arrays);

}  // namespace lehr
