#pragma once
#include <map>
#include <string>

#include "graph/graph.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

// metadata_props of a value; older schemas than the file's know the field only as unknown bytes.
std::map<std::string, std::string> metadata(const ValueInfoProto& info);

// What PyTorch's exporter says there of a stored tensor: the kind of its InputSpec, or what it folded it from.
Said said(const std::map<std::string, std::string>& metadata);
std::string folded_from(const std::map<std::string, std::string>& metadata);

}  // namespace lehr::onnx
