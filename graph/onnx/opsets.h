#pragma once
#include <map>
#include <string>

#include "graph/onnx/problems.h"
#include "graph/onnx/proto.h"
#include "graph/onnx/versions.h"

namespace lehr::onnx {

using Opsets = std::map<std::string, int>;

std::string domain_of(const std::string& domain);     // "ai.onnx" is ""
std::string domain_title(const std::string& domain);  // "ai.onnx" for ""

// Problems: two versions of a domain, ai.onnx outside min_opset..max_opset, any other outside 1..2^31-1. `where`: "the model".
template <class Imports>
Opsets read_opsets(const Imports& imports, const std::string& where, Problems& problems) {
  Opsets out;
  for (const auto& import : imports) {
    const std::string domain = domain_of(import.domain());
    const long long version = import.version();
    const std::string title = cat("opset ", version, " of ", printable(domain_title(domain)));
    const int low = domain.empty() ? min_opset : 1, high = domain.empty() ? max_opset : 2147483647;
    if (version < low || version > high) {
      problems.add(where, " imports ", title, ", supported are ", low, " to ", high);
      out.emplace(domain, 0);
    } else if (const auto [it, is_new] = out.emplace(domain, static_cast<int>(version)); !is_new && it->second != version) {
      problems.add(where, " imports ", title, " and opset ", it->second, " of the same domain");
    }
  }
  return out;
}

}  // namespace lehr::onnx
