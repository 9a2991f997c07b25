#include "engine/train/clipping.h"

#include "engine/train/init.h"

namespace lehr {

Clipping::Clipping(const Weights& weights, const Job& job, std::map<std::string, Controlled>& quantities)
    : form_(job.clip_form), epsilon_(job.clip_epsilon), all_(weights.gradients()) {
  const auto find = [&](const char* name) -> const Controlled* {
    const auto it = quantities.find(name);
    return it == quantities.end() ? nullptr : &it->second;
  };
  value_ = find("clip.value"), tensor_norm_ = find("clip.tensor_norm"), rms_ = find("clip.rms"), adaptive_ = find("clip.adaptive"), norm_ = find("clip.norm");
  for (const Parameter& p : weights.parameters())
    tensors_.push_back({weights.gradient(p), weights.value(p), p.shape, outputs_first(job.model->graph, p) ? Units::first : Units::last});
}

double Clipping::apply(const Clock& clock) const {
  if (value_) clip_by_value(all_, value_->at(clock));
  for (const Tensor& t : tensors_) {
    if (tensor_norm_) clip_by_norm(t.gradient, tensor_norm_->at(clock));
    if (rms_) clip_by_rms(t.gradient, rms_->at(clock));
    if (adaptive_) clip_adaptive(t.gradient, t.w, t.shape, t.units, adaptive_->at(clock), epsilon_);
  }
  const std::span<float> all[] = {all_};
  return norm_ ? clip_by_global_norm(all, norm_->at(clock), form_) : 0;
}

}  // namespace lehr
