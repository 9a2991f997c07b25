#include "engine/train/shared_loss.h"

#include <algorithm>
#include <set>

namespace lehr {

void check_shared_loss(const Job& job) {
  const Graph& graph = job.model->graph;
  std::set<ValueId> terms{job.model->loss};
  for (auto node = graph.nodes().rbegin(); node != graph.nodes().rend(); ++node) {
    const bool ours = node->domain == "lehr";
    if (std::ranges::none_of(node->out, [&](ValueId out) { return terms.contains(out); })) continue;
    for (const ValueId out : node->out) terms.erase(out);
    if (!ours && node->domain.empty() && (node->op == "Add" || node->op == "Mul")) {  // the weighted sum of losses
      for (const ValueId in : node->in)
        if (!graph.value(in).data) terms.insert(in);
      continue;
    }
    if (!ours)
      throw Error("the loss ", quote(graph.value(job.model->loss).name), " comes from ", describe(graph, *node),
                  ": several processes cannot share a batch whose mean is not one of Lehr's losses").code(Exit::mismatch);
    const Field& target = job.data->target;
    if (target.width() <= 1 || target.dtype != Dtype::i64) continue;
    const auto ignored = node->attrs.find("ignore_index");
    const std::int64_t* ignore = ignored == node->attrs.end() ? nullptr : std::get_if<std::int64_t>(&ignored->second);
    if (ignore || node->attrs.contains("class_weights") || std::ranges::any_of(target.i64, [](std::int64_t c) { return c < 0; }))
      throw Error(describe(graph, *node), " counts the ", target.width(), " labels of a row one by one (by ignore_index or class_weights): several processes "
                  "cannot share its batches").code(Exit::mismatch);
  }
}

}  // namespace lehr
