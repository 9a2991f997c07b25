#include "engine/plan/plan.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "engine/plan/planner.h"

namespace lehr {

Plan::Plan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

void Plan::forward() {
  for (const Run& run : impl_->forward) run();
}
void Plan::backward() {
  for (const Run& run : impl_->backward) run();
}

namespace {
template <class T>
std::span<T> view(const Plan::Impl& plan, Buffer buffer, Dtype dtype) {
  const BufferInfo& info = plan.buffers[static_cast<std::size_t>(buffer.id)];
  if (info.type.dtype != dtype) throw Error("tensor ", quote(info.name), " is ", text(info.type), ", asked for as ", name(dtype));
  return {reinterpret_cast<T*>(plan.addresses[static_cast<std::size_t>(buffer.id)]), info.size / sizeof(T)};
}
Buffer input_of(const Plan::Impl& plan, std::string_view name) {
  const auto it = plan.inputs.find(name);
  if (it != plan.inputs.end()) return it->second;
  std::vector<std::string> known;
  for (const auto& [n, b] : plan.inputs) known.push_back(n);
  throw Error("the model has no input ", quote(name), did_you_mean(name, known), " (it has ", join(known, ", "), ")");
}
const Plan::Impl::Output& output_of(const Plan::Impl& plan, ValueId value) {
  const auto it = plan.outputs.find(value);
  if (it == plan.outputs.end()) throw Error("value ", value, " is not among the outputs the plan was compiled for");
  return it->second;
}
}  // namespace

std::span<float> Plan::input_f32(std::string_view name) { return view<float>(*impl_, input_of(*impl_, name), Dtype::f32); }
std::span<std::int64_t> Plan::input_i64(std::string_view name) { return view<std::int64_t>(*impl_, input_of(*impl_, name), Dtype::i64); }
std::span<std::uint8_t> Plan::input_truth(std::string_view name) { return view<std::uint8_t>(*impl_, input_of(*impl_, name), Dtype::boolean); }
std::span<const float> Plan::output_f32(ValueId value) const { return view<const float>(*impl_, output_of(*impl_, value).buffer, Dtype::f32); }
std::span<const std::int64_t> Plan::output_i64(ValueId value) const {
  return view<const std::int64_t>(*impl_, output_of(*impl_, value).buffer, Dtype::i64);
}
const TensorType& Plan::type(ValueId value) const { return output_of(*impl_, value).type; }
std::vector<std::string> Plan::input_names() const {
  std::vector<std::string> out;
  for (const auto& [n, b] : impl_->inputs) out.push_back(n);
  return out;
}
const TensorType& Plan::input_type(std::string_view name) const { return impl_->buffers[static_cast<std::size_t>(input_of(*impl_, name).id)].type; }

float Plan::loss() const {
  if (impl_->loss.id < 0) throw Error("the plan was compiled without a loss");
  return *reinterpret_cast<const float*>(impl_->addresses[static_cast<std::size_t>(impl_->loss.id)]);
}
void Plan::loss_gradient(float value) {
  if (impl_->loss_gradient.id >= 0) *reinterpret_cast<float*>(impl_->addresses[static_cast<std::size_t>(impl_->loss_gradient.id)]) = value;
}
std::uint64_t& Plan::seed() { return impl_->seed; }
void Plan::dropout(std::optional<double> ratio) { impl_->dropout = ratio ? static_cast<float>(*ratio) : -1.0f; }
void Plan::share(const RowShare& share) { impl_->company.first = share.first, impl_->company.counts = share.rows > 0; }
std::int64_t Plan::batch() const { return impl_->batch; }
std::size_t Plan::arena_bytes() const { return impl_->arena; }

std::vector<Plan::StepInfo> Plan::steps() const {
  std::vector<StepInfo> out;
  for (std::size_t i = 0; i < impl_->records.size(); ++i) {
    const StepRecord& r = impl_->records[i];
    out.push_back({impl_->node_names[i], r.work.what, r.work.impl, r.work.flops, r.backward});
  }
  return out;
}

std::string Plan::explain() const {
  std::string out = cat("batch ", impl_->batch, ", ", impl_->records.size(), " steps, arena ", impl_->arena, " bytes\n");
  for (std::size_t i = 0; i < impl_->records.size(); ++i) {
    const StepRecord& r = impl_->records[i];
    const auto place = [&](const std::vector<Buffer>& list) {
      std::string s;
      for (const Buffer b : list) {
        const BufferInfo& info = impl_->buffers[static_cast<std::size_t>(b.id)];
        s += cat(s.empty() ? "" : " ", printable(info.name), info.type.shape);
        if (info.kind == BufferInfo::Kind::arena) s += cat("@", info.offset);
      }
      return s;
    };
    out += cat(pad_left(cat(i), 4), r.backward ? "  bwd  " : "  fwd  ", pad_right(r.work.what, 22), " ", pad_right(r.work.impl, 24), " ",
               pad_left(r.work.flops > 0 ? grouped(static_cast<long long>(r.work.flops)) : "-", 14), " FLOP  ", impl_->node_names[i], ": ", place(r.reads),
               " -> ", place(r.writes), "\n");
  }
  return out;
}

std::vector<double> Plan::profile(int repeats) {
  using clock = std::chrono::steady_clock;
  const std::size_t n = impl_->records.size();
  std::vector<std::vector<double>> times(n);
  for (int r = 0; r < repeats; ++r)
    for (std::size_t i = 0, f = 0, b = 0; i < n; ++i) {
      const Run& run = impl_->records[i].backward ? impl_->backward[b++] : impl_->forward[f++];
      const auto start = clock::now();
      run();
      times[i].push_back(std::chrono::duration<double>(clock::now() - start).count());
    }
  std::vector<double> out;
  for (auto& t : times) {
    std::ranges::nth_element(t, t.begin() + static_cast<std::ptrdiff_t>(t.size() / 2));
    out.push_back(t.empty() ? 0 : t[t.size() / 2]);
  }
  return out;
}

std::string Plan::first_bad() {
  struct Alone {  // each process stops at a tensor of its own
    Company& company;
    Collective* others = std::exchange(company.others, nullptr);
    ~Alone() { company.others = others; }
  } const alone{impl_->company};
  const auto bad = [&](Buffer b) {
    const BufferInfo& info = impl_->buffers[static_cast<std::size_t>(b.id)];
    if (info.type.dtype != Dtype::f32) return false;
    const auto* p = reinterpret_cast<const float*>(impl_->addresses[static_cast<std::size_t>(b.id)]);
    return !std::all_of(p, p + info.size / sizeof(float), [](float v) { return std::isfinite(v); });
  };
  for (const auto& p : impl_->weights->parameters())
    if (!std::ranges::all_of(impl_->weights->value(p), [](float v) { return std::isfinite(v); })) return p.name;
  for (const auto& [name, buffer] : impl_->inputs)
    if (bad(buffer)) return name;
  for (std::size_t i = 0, f = 0, b = 0; i < impl_->records.size(); ++i) {
    const StepRecord& r = impl_->records[i];
    (r.backward ? impl_->backward[b++] : impl_->forward[f++])();
    for (const Buffer w : r.writes)
      if (bad(w)) return impl_->buffers[static_cast<std::size_t>(w.id)].name;
  }
  return {};
}

}  // namespace lehr
