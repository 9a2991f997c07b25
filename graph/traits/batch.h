#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/traits/extent.h"

namespace lehr {

// Where a value carries the batch: dimension `axis` is [outer, batch, count] in one, most often the batch alone. None: its shape does not depend
// on the batch.
struct Carried {
  std::size_t axis = 0;
  std::int64_t count = 0, outer = 1;
  bool whole() const { return count == 1 && outer == 1; }
  std::int64_t each() const { return count * outer; }  // entries for each row
  explicit operator bool() const { return count > 0; }
  bool operator==(const Carried&) const = default;
};

// Why the rows of a batch cannot be told apart.
struct Blocked {
  std::string why;
  bool mixes = false;  // they are read together there; else it is not known where they are
};

// One node as a batch rule sees it: where its inputs carry a batch of a size that is known (it stands in the file).
class BatchView {
 public:
  // known: with the stored batch; open: the same with the batch as a symbol.
  BatchView(const Graph& graph, const Node& node, std::int64_t batch, std::span<const Facts> known, std::span<const Facts> open,
            std::span<const Carried> carried)
      : graph_(graph), node_(node), batch_(batch), known_(known), open_(open), carried_(carried) {}

  const Node& node() const { return node_; }
  std::int64_t batch() const { return batch_; }
  bool has(std::size_t slot) const;
  Carried in(std::size_t slot) const;                       // none where it is left out
  const MaybeExtents& maybe_dims(std::size_t slot) const;   // none where it is left out
  const Extents& dims(std::size_t slot = 0) const;          // blocked where they are unknown
  std::size_t rank(std::size_t slot = 0) const { return dims(slot).size(); }
  std::size_t axis(std::int64_t given, std::size_t slot = 0) const;  // from either end; blocked where out of range
  // An attribute or a stored operand; none where neither is there; blocked where it is computed in the graph.
  std::optional<std::vector<std::int64_t>> integers(std::size_t slot, const char* attribute) const;
  bool computed(std::size_t slot) const;                    // read, but not stored
  bool known(std::size_t slot) const;                       // its integers are, with the stored batch
  bool follows(std::size_t slot, std::size_t entry) const;  // this one of its integers is computed from the batch's size
  std::string name(std::size_t slot) const;
  // a * b; blocked where that is absurd.
  std::int64_t multiply(std::int64_t a, std::int64_t b) const;
  std::int64_t size(const Extent& extent) const;            // a plain number; blocked where it is none
  // The node's stored shape operand, with the batch's dimension open.
  void reshape_to(std::vector<std::int64_t> shape) { shape_ = std::move(shape); }
  const std::optional<std::vector<std::int64_t>>& new_shape() const { return shape_; }
  [[noreturn]] void block(const std::string& what) const;
  [[noreturn]] void mix(const std::string& what) const;  // the rows are read together
  void joins() { joins_ = true; }                        // a result of all rows, of no batch itself
  bool joined() const { return joins_; }

 private:
  const Graph& graph_;
  const Node& node_;
  std::int64_t batch_;
  std::span<const Facts> known_, open_;
  std::span<const Carried> carried_;
  std::optional<std::vector<std::int64_t>> shape_;
  bool joins_ = false;
};

// Where output 0 carries the batch. Throws Blocked where rows meet or the batch loses its place.
using BatchRule = Carried (*)(BatchView&);

namespace batch_rules {
Carried keeps(BatchView&);            // output rows as those of the first input, wherever the batch is; nothing else of the batch is read
Carried ignores_others(BatchView&);   // as keeps; other inputs are looked at for their type only
Carried outermost(BatchView&);        // as keeps, the batch being dimension 0 (convolutions, poolings, batch normalization)
Carried broadcasts(BatchView&);       // Add, Where, …
Carried scale_by_axis(BatchView&);    // PRelu: as broadcasts, the slope carries no batch
Carried along_axis(BatchView&);       // attribute `axis`, the last by default: any other axis may carry the batch
Carried split(BatchView&);            // the same, the first by default
Carried cumsum(BatchView&);           // the same, the axis is an input
Carried from_axis(BatchView&);        // attribute `axis` and all behind it (LayerNormalization)
Carried softmax(BatchView&);
Carried leading(BatchView&);          // works within the last two dimensions (Trilu)
Carried gemm(BatchView&);
Carried matmul(BatchView&);
Carried einsum(BatchView&);
Carried gather(BatchView&);
Carried gather_elements(BatchView&);
Carried gather_nd(BatchView&);
Carried feature_extractor(BatchView&);
Carried concat(BatchView&);
Carried reshape(BatchView&);
Carried flatten(BatchView&);
Carried transpose(BatchView&);
Carried reduce(BatchView&);
Carried arg_reduce(BatchView&);
Carried squeeze(BatchView&);
Carried unsqueeze(BatchView&);
Carried slice(BatchView&);
Carried expand(BatchView&);
Carried tile(BatchView&);
Carried pad(BatchView&);
Carried one_hot(BatchView&);
Carried sizes(BatchView&);            // Shape, Size, losses: what comes out does not have the batch's dimension
}  // namespace batch_rules

}  // namespace lehr
