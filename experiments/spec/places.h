#pragma once
#include <map>
#include <memory>
#include <string>

#include "experiments/spec/sources.h"

namespace lehr::spec {

class Places {
 public:
  std::shared_ptr<const Sources> sources;
  std::map<std::string, At> at;

  // The place of a dotted key, or of the nearest mapping around it.
  At find(std::string key) const;
};

}  // namespace lehr::spec
