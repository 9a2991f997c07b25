#include "engine/kernels/targets.h"

#include "engine/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/targets.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {
const char* target_name() { return hwy::TargetName(HWY_TARGET); }
}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "base/error.h"

namespace lehr {
HWY_EXPORT(target_name);

namespace {
std::vector<std::int64_t> usable() {
  std::vector<std::int64_t> out;
  std::int64_t bits = HWY_TARGETS & hwy::SupportedTargets();
  for (std::int64_t bit = 1; bits != 0; bit <<= 1) {  // better targets have lower bits
    if (bits & bit) out.push_back(bit);
    bits &= ~bit;
  }
  return out;
}
}  // namespace

std::vector<std::string> kernel_targets() {
  std::vector<std::string> out;
  for (const auto bit : usable()) out.push_back(hwy::TargetName(bit));
  return out;
}

std::string kernel_target() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return HWY_DYNAMIC_DISPATCH(target_name)();
}

void use_kernel_target(const std::string& name) {
  hwy::SetSupportedTargetsForTest(0);
  if (!name.empty()) {
    const auto known = kernel_targets();
    std::int64_t chosen = 0;
    for (const auto bit : usable())
      if (name == hwy::TargetName(bit)) chosen = bit;
    if (chosen == 0) throw Error("unknown kernel target ", quote(name), did_you_mean(name, known), "; known: ", join(known, ", "));
    hwy::SetSupportedTargetsForTest(chosen);
  }
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace lehr
#endif
