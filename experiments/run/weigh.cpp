#include "experiments/run/weigh.h"

#include <algorithm>

#include "graph/passes/passes.h"

namespace lehr::run {

Weighing weigh(const LossSpec& loss, const Dataset& data, std::span<const std::int32_t> train) {
  static constexpr const char* key = "loss.class_weights";
  Weighing out;
  std::vector<float> classes = loss.class_weights;
  if (loss.balanced) {
    if (data.classes.empty()) throw NoMatch(key, "class_weights are for classes, the target of ", printable(data.source), " has none");
    classes = balanced_weights(data, train);
    std::vector<std::string> each;
    for (std::size_t c = 0; c < classes.size(); ++c) each.push_back(cat(printable(data.classes[c]), " ", classes[c]));
    out.notes.push_back(cat("class_weights: balanced weighs the classes of the training rows ", join(each, ", ")));
  }
  if (!classes.empty() && classes.size() != data.classes.size())
    throw NoMatch(key, classes.size(), " class weights given for ", data.classes.size(), " classes (", join(data.classes, ", "), ")");
  const bool smoothed = loss.balanced && loss.label_smoothing > 0;  // each row then meets the weights of all classes
  const bool by_loss = weights_by_loss(loss) || smoothed;
  if (smoothed) out.by_loss = classes;
  out.counts = Counts(data, classes, by_loss);
  // A loss over class indices leaves out negative ones itself.
  const bool indices = loss_row(loss.kind).target == TargetKind::classes;
  const bool ignores = !data.classes.empty() && std::ranges::any_of(data.target.i64, [](std::int64_t c) { return c < 0; });
  out.fed = !data.row_weights.empty() || (!classes.empty() && !by_loss) || (ignores && !indices);
  return out;
}

std::int64_t ignore_class(Dataset& data, std::int64_t index) {
  if (index < 0) return 0;
  const auto count = std::ranges::count(data.target.i64, index);
  std::ranges::replace(data.target.i64, index, std::int64_t{-1});
  return count;
}

}  // namespace lehr::run
