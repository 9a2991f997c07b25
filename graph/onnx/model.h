#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/onnx/front.h"

namespace lehr::onnx {

struct Original;  // the file's bytes, and where in them each constant is stored

struct Model {
  Graph graph;
  std::map<std::string, int> opsets;  // by domain; ai.onnx is ""
  std::string producer;               // "pytorch 2.1.0"
  int ir_version = 0;
  std::map<std::string, std::string> metadata;
  std::string front;                  // what the file says of the preprocessing that stood in front of the network and is left out here (front.h)
  std::optional<TargetUnit> unit;     // what puts an output into its target's unit behind the network, left out here (front.h)
  std::vector<std::string> notes;  // what a reader of the log should know: sentences, names quoted
  std::shared_ptr<const Original> original;
};

// Reads and validates a ModelProto. Initializers and Constant nodes become values of Role::constant that hold their data
// as stored; calls of local functions are inlined; attributes that hold graphs, types or lists of tensors become Subgraph.
// A constant of strings has a type and Value::strings, but no data. External data are read from inside the folder of the file only.
// Nodes that a training wrote in front (front.h) are left out: the model is the network, `original` too.
// Every problem of the file is in one Error (up to 20).
Model read_model(const std::filesystem::path& path);
Model read_model_bytes(std::string bytes, const std::filesystem::path& folder_for_external_data);

struct Written {
  std::string model;
  std::map<std::string, std::string> files;  // all external data by location, with the new values in place
};
// The file as it was read or rewritten (rewrite.h), with new values for some constants (by name), rounded to the stored dtype. An
// element that equals the stored one after conversion keeps its stored bits; where none changes the bytes are those that were read.
// External files are read again. Errors: an unknown name, another shape, a finite value the stored dtype cannot hold.
Written write_model(const Original& original, const std::map<std::string, Tensor>& new_values);
Written write_model(const Model& model, const std::map<std::string, Tensor>& new_values);

}  // namespace lehr::onnx
