// The loop every update rule runs in. Once per target.
#if defined(LEHR_RULES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LEHR_RULES_INL
#undef LEHR_RULES_INL
#else
#define LEHR_RULES_INL
#endif
#include "engine/kernels/simd.inl"
#include "engine/kernels/update.h"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

HWY_INLINE Floats all(float value) { return hn::Set(Full(), value); }

// mean + (value - mean) share.
HWY_INLINE Floats toward(Floats mean, Floats value, Floats share) { return hn::MulAdd(share, hn::Sub(value, mean), mean); }
// a/b, 0 where b is 0.
HWY_INLINE Floats quotient(Floats a, Floats b) { return hn::IfThenZeroElse(hn::Eq(b, hn::Zero(Full())), hn::Div(a, b)); }

// w = keep w + step(g + l2 w, states) or step(g + l2 w, states, w); step may change the states.
template <int states, class Step>
HWY_INLINE void apply(const Spans& s, const Decay& decay, const Step& step) {
  const Full d;
  const Floats l2 = all(decay.l2), keep = all(decay.keep);
  Floats state[states > 0 ? states : 1];
  const auto changed = [&](Floats w, Floats g) HWY_ATTR {
    const Floats total = hn::MulAdd(l2, w, g);
    if constexpr (requires { step(total, state, w); }) return hn::MulAdd(keep, w, step(total, state, w));
    else return hn::MulAdd(keep, w, step(total, state));
  };
  std::size_t i = 0;
  for (; i + lanes <= s.n; i += lanes) {
    for (int k = 0; k < states; ++k) state[k] = hn::LoadU(d, s.state[k] + i);
    const Floats w = changed(hn::LoadU(d, s.w + i), hn::LoadU(d, s.g + i));
    for (int k = 0; k < states; ++k) hn::StoreU(state[k], d, s.state[k] + i);
    hn::StoreU(w, d, s.w + i);
  }
  if (const std::size_t rest = s.n - i; rest > 0) {
    for (int k = 0; k < states; ++k) state[k] = load_first(d, s.state[k] + i, rest);
    const Floats w = changed(load_first(d, s.w + i, rest), load_first(d, s.g + i, rest));
    for (int k = 0; k < states; ++k) store_first(d, state[k], s.state[k] + i, rest);
    store_first(d, w, s.w + i, rest);
  }
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
