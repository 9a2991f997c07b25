#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/onnx/front.h"
#include "graph/onnx/model.h"

namespace lehr::onnx {

// What a written file has otherwise than the file that was read, whatever the values of its weights are.
struct Changes {
  // A tensor that these places read instead of what they read in the file: an initializer of that name. One of that name that only they read goes.
  struct Own {
    std::string name;
    std::shared_ptr<const Tensor> data;
    std::vector<Place> places;
  };
  std::vector<Own> own;
  // Inputs, outputs and values by name: declared dimensions that are free or another number now, by their place.
  std::map<std::string, std::map<std::size_t, Dim>> dims;
  std::vector<std::string> without;  // outputs that are left out, with what only they need
  struct Output {
    std::string name;
    DeclaredType type;
  };
  std::vector<Output> outputs;                  // values that are outputs as well
  std::map<std::string, std::string> metadata;  // metadata_props, by key; "": the key goes
  bool inference = true;                        // leave training mode
  std::vector<RawInput> front;                  // what stands in front of the inputs (front.h); its entry belongs to the metadata
  std::optional<TargetUnit> unit;               // what stands behind an output
};
// What passes decided about the file's graph: Value::places, and declared batch sizes that became free.
Changes changes(const Graph& file, const Graph& prepared);

struct Rewritten {
  std::shared_ptr<const Original> original;  // the same one where nothing changes
  std::vector<std::string> notes;            // sentences for the log
  std::vector<RawFeed> raw;                  // the inputs it has instead, of a front
};
// The file with these changes, for inference: BatchNormalization and Dropout nodes (the main graph's, functions', bodies') that it has in
// training mode leave it. What nothing reads any more goes. Errors: a place inside a function, an output that only training has and another node reads.
Rewritten rewrite(const std::shared_ptr<const Original>& original, const Changes& changes);

// One entry of metadata_props, as bytes that may stand behind a written model's.
std::string metadata_entry(const std::string& key, const std::string& value);

// That new values for these constants can be written. One Error with all that cannot.
void check_writable(const Original& original, const std::vector<std::string>& names);

}  // namespace lehr::onnx
