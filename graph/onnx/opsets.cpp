#include "graph/onnx/opsets.h"

namespace lehr::onnx {

std::string domain_of(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }
std::string domain_title(const std::string& domain) { return domain.empty() ? "ai.onnx" : domain; }

}  // namespace lehr::onnx
