#include "engine/plan/weights.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/memory.h"

namespace lehr {

namespace {
constexpr std::size_t line = 16;  // floats in 64 bytes
std::size_t rounded(std::size_t count) { return (count + line - 1) / line * line; }
}  // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  check_memory(static_cast<double>(size), "a tensor or plan");
  void* p = std::aligned_alloc(64, (size + 63) / 64 * 64);
  if (!p) throw Error("no memory for ", size, " bytes").code(Exit::failed);
  std::memset(p, 0, size);
  data_.reset(static_cast<std::byte*>(p));
}
void AlignedBytes::Free::operator()(std::byte* p) const { std::free(p); }

Weights::Weights(const Graph& graph) {
  const auto place = [&](ValueId id, std::vector<Parameter>& list, std::size_t& count) {
    const Value& v = graph.value(id);
    if (!v.data) throw Error("tensor ", quote(v.name), " is to be trained but has no data");
    const auto size = static_cast<std::size_t>(v.data->size());
    list.push_back({v.name, v.data->shape(), id, count, size});
    count += rounded(size);
  };
  for (ValueId id = 0; id < static_cast<ValueId>(graph.values().size()); ++id) {
    if (graph.value(id).role == Role::parameter) place(id, parameters_, count_);
    if (graph.value(id).role == Role::state) place(id, states_, state_count_);
  }
  initial_.assign(count_ + state_count_, 0.0f);
  for (const auto& p : parameters_) std::ranges::copy(graph.value(p.value).data->floats(), initial_.begin() + static_cast<std::ptrdiff_t>(p.offset));
  for (const auto& p : states_) std::ranges::copy(graph.value(p.value).data->floats(), initial_.begin() + static_cast<std::ptrdiff_t>(count_ + p.offset));
  memory_ = AlignedBytes((2 * count_ + state_count_) * sizeof(float));
  reset();
}

void Weights::reset() {
  std::copy_n(initial_.begin(), count_, values().begin());
  std::ranges::fill(gradients(), 0.0f);
  std::copy_n(initial_.begin() + static_cast<std::ptrdiff_t>(count_), state_count_, state().begin());
}

float* Weights::address(ValueId value) const {
  for (const auto& p : parameters_)
    if (p.value == value) return this->value(p).data();
  for (const auto& p : states_)
    if (p.value == value) return state(p).data();
  return nullptr;
}

float* Weights::gradient_address(ValueId value) const {
  for (const auto& p : parameters_)
    if (p.value == value) return gradient(p).data();
  return nullptr;
}

}  // namespace lehr
