// Per-target helpers; included after hwy/foreach_target.h, once per target.
#if defined(LEHR_SIMD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LEHR_SIMD_INL
#undef LEHR_SIMD_INL
#else
#define LEHR_SIMD_INL
#endif
#include <hwy/highway.h>

#include <cstddef>

// x86 from AVX2 up: masked loads and stores leave the other lanes' memory alone.
#define LEHR_MASKED_MEMORY (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3)

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Full = hn::ScalableTag<float>;
using Floats = hn::Vec<Full>;
constexpr std::size_t lanes = HWY_LANES(float);

// The first n < lanes floats at p, zeros above.
template <class D>
HWY_INLINE hn::Vec<D> load_first(D d, const float* p, std::size_t n) {
#if LEHR_MASKED_MEMORY
  return hn::MaskedLoad(hn::FirstN(d, n), d, p);
#else
  HWY_ALIGN float buffer[hn::MaxLanes(d)] = {};
  for (std::size_t i = 0; i < n; ++i) buffer[i] = p[i];
  return hn::Load(d, buffer);
#endif
}

template <class D>
HWY_INLINE void store_first(D d, hn::Vec<D> v, float* p, std::size_t n) {
#if HWY_TARGET == HWY_AVX2  // in pieces: AMD's masked store takes tens of cycles
  static_assert(hn::MaxLanes(d) == 8);
  const hn::Half<D> four;
  const hn::Half<decltype(four)> two;
  auto rest = hn::LowerHalf(four, v);
  if (n & 4) {
    hn::StoreU(rest, four, p);
    rest = hn::UpperHalf(four, v);
    p += 4;
  }
  if (n & 2) {
    hn::StoreU(hn::LowerHalf(two, rest), two, p);
    rest = hn::ShiftRightLanes<2>(four, rest);
    p += 2;
  }
  if (n & 1) *p = hn::GetLane(rest);
#elif LEHR_MASKED_MEMORY
  hn::BlendedStore(v, hn::FirstN(d, n), d, p);
#else
  HWY_ALIGN float buffer[hn::MaxLanes(d)];
  hn::Store(v, d, buffer);
  for (std::size_t i = 0; i < n; ++i) p[i] = buffer[i];
#endif
}

// The first `count` <= lanes of a full vector.
HWY_INLINE Floats load(const float* p, std::size_t count) { return count == lanes ? hn::LoadU(Full(), p) : load_first(Full(), p, count); }
HWY_INLINE void store(Floats v, float* p, std::size_t count) {
  if (count == lanes)
    hn::StoreU(v, Full(), p);
  else
    store_first(Full(), v, p, count);
}

// max(x, bound) and min(x, bound) that keep a NaN in x. (x86's instructions give their second operand.)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V at_least(D, V x, V bound) {
#if LEHR_MASKED_MEMORY
  return hn::Max(bound, x);
#else
  return hn::IfThenElse(hn::Lt(x, bound), bound, x);
#endif
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V at_most(D, V x, V bound) {
#if LEHR_MASKED_MEMORY
  return hn::Min(bound, x);
#else
  return hn::IfThenElse(hn::Gt(x, bound), bound, x);
#endif
}

HWY_INLINE float sum_lanes(Floats v) { return hn::GetLane(hn::SumOfLanes(Full(), v)); }

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
