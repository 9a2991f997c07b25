#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/passes/losses.h"

namespace lehr {

// How a file changes where the last affine layer in front of the scores gives way to a fresh one of another width.
struct NewHead {
  struct Own {
    std::string name;  // head.weight, head.bias
    std::shared_ptr<const Tensor> data;
    Place place;  // reads it
    std::string was;
    Shape old;
  };
  std::string layer;  // the node that multiplies, as the file has it
  std::vector<Own> own;
  std::map<std::string, std::map<std::size_t, Dim>> dims;  // of declared outputs
  std::vector<std::string> labels;                         // outputs that name the old classes
  ValueId answer = no_value;                               // the scores they were made of, where no other output remains
  std::int64_t width = 0, old_width = 0;
  // "Gemm node 'fc3' ('fc3.weight' [10,512], 'fc3.bias' [10]) gives way to head.weight [5,512], head.bias [5]"
  std::string text() const;
};
// Of the graph as it was read. Between the layer and the scores, and behind them, may stand what looks at each score alone or keeps its
// arrangement. Errors: no such layer (which node is in the way), a stored tensor of the old width behind it, groups.
NewHead new_head(const Graph& file, const LossSpec& loss, std::int64_t width);

}  // namespace lehr
