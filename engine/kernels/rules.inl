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
  constexpr int held = states > 0 ? states : 1, block = 4;
  const Floats l2 = all(decay.l2), keep = all(decay.keep);
  const auto changed = [&](Floats w, Floats g, Floats(&state)[held]) HWY_ATTR {
    const Floats total = hn::MulAdd(l2, w, g);
    if constexpr (requires { step(total, state, w); })
      return hn::MulAdd(keep, w, step(total, state, w));
    else
      return hn::MulAdd(keep, w, step(total, state));
  };
  const Full d;
  std::size_t i = 0;
  for (; i + block * lanes <= s.n; i += block * lanes) {  // all loads before the stores: a load a multiple of a page from a store waits for it
    Floats w[block], g[block], state[block][held];
    for (int b = 0; b < block; ++b) {
      const std::size_t at = i + std::size_t(b) * lanes;
      w[b] = hn::LoadU(d, s.w + at), g[b] = hn::LoadU(d, s.g + at);
      for (int k = 0; k < states; ++k) state[b][k] = hn::LoadU(d, s.state[k] + at);
    }
    for (int b = 0; b < block; ++b) w[b] = changed(w[b], g[b], state[b]);
    for (int b = 0; b < block; ++b) {
      const std::size_t at = i + std::size_t(b) * lanes;
      for (int k = 0; k < states; ++k) hn::StoreU(state[b][k], d, s.state[k] + at);
      hn::StoreU(w[b], d, s.w + at);
    }
  }
  for (; i < s.n; i += lanes) {
    const std::size_t n = s.n - i < lanes ? s.n - i : lanes;
    Floats state[held];
    for (int k = 0; k < states; ++k) state[k] = load(s.state[k] + i, n);
    const Floats w = changed(load(s.w + i, n), load(s.g + i, n), state);
    for (int k = 0; k < states; ++k) store(state[k], s.state[k] + i, n);
    store(w, s.w + i, n);
  }
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
