#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"

namespace lehr {

// Named parts, one idea for operators, optimizers, readers, metrics and commands. A part may exist in several versions
// (`since`); find() gives the newest that is not newer than asked for. Iteration is in order of name.
template <class Make>
class Table {
 public:
  explicit Table(std::string kind) : kind_(std::move(kind)) {}

  void add(const std::string& name, int since, Make make) {
    if (!rows_[name].emplace(since, std::move(make)).second) throw Error(kind_, " ", name, " version ", since, " is added twice");
  }
  void add(const std::string& name, Make make) { add(name, 1, std::move(make)); }

  const Make* lookup(const std::string& name, int version = 1 << 30) const {
    const auto row = rows_.find(name);
    if (row == rows_.end()) return nullptr;
    auto it = row->second.upper_bound(version);
    return it == row->second.begin() ? nullptr : &std::prev(it)->second;
  }
  const Make& find(const std::string& name, int version = 1 << 30) const {
    if (const Make* make = lookup(name, version)) return *make;
    if (rows_.contains(name)) throw Error(kind_, " ", quote(name), " does not exist in version ", version);
    throw Error("unknown ", kind_, " ", quote(name), did_you_mean(name, names()), "\n  known: ", join(names(), ", "));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, versions] : rows_) out.push_back(name);
    return out;
  }
  std::vector<int> versions(const std::string& name) const {
    std::vector<int> out;
    if (const auto row = rows_.find(name); row != rows_.end())
      for (const auto& [since, make] : row->second) out.push_back(since);
    return out;
  }

 private:
  std::string kind_;
  std::map<std::string, std::map<int, Make>> rows_;
};

}  // namespace lehr
