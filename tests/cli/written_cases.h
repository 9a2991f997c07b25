#pragma once
// Experiments whose exported models must give what the run reports: without a network through `lehr predict`, with one through ONNX Runtime.
#include <string>
#include <vector>

#include "graph/onnx/proto.h"
#include "tests/cli/program.h"

namespace lehr::test {

struct WrittenCase {
  std::string name, table;  // the table's name
  std::string yaml;
  int rows;                 // validation rows, the last of the table
  bool runs = true;         // ONNX Runtime knows the operators at this opset
};
// Writes the files of all cases into the place.
std::vector<WrittenCase> written_cases(const Workplace& place);

// x[N,3] -> Gemm 'fc1' -> BatchNormalization 'bn' -> Relu -> Gemm 'fc2' -> y[N,1], opset 17.
onnx::ModelProto normalized();
onnx::NodeProto& node_named(onnx::ModelProto& model, const std::string& name);

}  // namespace lehr::test
