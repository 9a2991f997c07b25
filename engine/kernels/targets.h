#pragma once
#include <string>
#include <vector>

namespace lehr {

// The instruction sets the kernels were built for that this CPU has, best first: "AVX3" (AVX-512), "AVX2", "SSE4", …
std::vector<std::string> kernel_targets();
// The one in use.
std::string kernel_target();
// For tests: kernels looked up from now on are those of the named target; "" is the best again. Error on an unknown name.
void use_kernel_target(const std::string& name);

}  // namespace lehr
