#pragma once
#include <compare>
#include <filesystem>
#include <map>
#include <string>

namespace lehr {

// Arrays that belong together row by row: texts that name them (array.h), by the model's input, "" for the only one.
struct ArrayNames {
  std::map<std::string, std::filesystem::path> inputs = {};
  std::filesystem::path target = {};
  std::filesystem::path row_weight = {};  // empty: all rows count 1
  auto operator<=>(const ArrayNames&) const = default;
};
// An experiment's arrays: what is split, and what is kept for validation or test in files of its own.
struct ArraysSpec {
  ArrayNames all = {}, validation = {}, test = {};
  bool labels = false;  // a target of several values a row is as many labels of 0 and 1, else one class, one-hot
  bool given() const { return !all.inputs.empty(); }
  auto operator<=>(const ArraysSpec&) const = default;
};

}  // namespace lehr
