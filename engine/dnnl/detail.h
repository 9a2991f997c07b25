#pragma once
// For the sources of this folder only: the one place where the library's types are seen.
#include <dnnl.hpp>

#include "base/shape.h"
#include "engine/dnnl/prepared.h"

namespace lehr::onednn {

const dnnl::engine& cpu();  // the calling thread's teams are held from here on
void hold();

inline dnnl::memory::desc plain(const Shape& dims, dnnl::memory::data_type type = dnnl::memory::data_type::f32) {
  return {dims, type, strides(dims)};
}
inline dnnl::memory::desc strided(const Shape& dims, const Shape& strides) {
  return {dims, dnnl::memory::data_type::f32, strides};
}

inline dnnl::memory::desc any(const Shape& dims) { return {dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any}; }

struct Layout::Desc { dnnl::memory::desc md; };

// `arguments`: DNNL_ARG_* and descriptor, in the order of the addresses. A scratchpad argument is appended here.
struct Argument { int arg; dnnl::memory::desc desc; };
Prepared prepare(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& desc, std::vector<Argument> arguments);

dnnl::primitive_attr user_scratchpad();

// Runs a factory's body; the library's exceptions become Errors that name what was asked for.
template <class Body>
auto guarded(const std::string& what, Body&& body) -> decltype(body());

}  // namespace lehr::onednn

#include "base/error.h"

namespace lehr::onednn {
template <class Body>
auto guarded(const std::string& what, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    throw Error("oneDNN cannot make ", what, ": ", error.what());
  }
}
}  // namespace lehr::onednn
