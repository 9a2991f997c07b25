#pragma once
#include "engine/optim/clip.h"
#include "engine/train/job.h"

namespace lehr {

// The limits of a run on its gradients, each where it is asked for, in this order: of an element (clip.value), of a tensor
// (clip.tensor_norm, clip.rms), of an output unit beside its weights (clip.adaptive), of all together (clip.norm).
class Clipping {
 public:
  Clipping(const Weights& weights, const Job& job, std::map<std::string, Controlled>& quantities);
  // After the gradients of an update are complete. No allocation. Returns the norm of all gradients before clip.norm, 0 without that.
  double apply(const Clock& clock) const;

 private:
  struct Tensor { std::span<float> gradient; std::span<const float> w; std::span<const std::int64_t> shape; Units units; };
  const Controlled *value_, *tensor_norm_, *rms_, *adaptive_, *norm_;  // null: no such limit
  ClipForm form_;
  double epsilon_;
  std::span<float> all_;
  std::vector<Tensor> tensors_;
};

}  // namespace lehr
