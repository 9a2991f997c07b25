#pragma once
#include <optional>
#include <string>

#include "base/tensor.h"
#include "graph/graph.h"
#include "graph/onnx/external.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

std::optional<Dtype> dtype_of(int data_type);  // none for complex, float8, 4-bit and unknown types
int code_of(Dtype dtype);                      // the other way round
std::string data_type_name(int data_type);     // "INT4", "data type 999"
Shape shape_of(const TensorProto& tensor);     // Error: negative, too many, too large dimensions

// The stored values, from raw_data, the typed field of the dtype, or external data. Error: values in another field, in two
// places, more or fewer than the shape needs, an integer that does not fit. The dtype must have a dtype_of() with bytes.
Tensor read_tensor(const TensorProto& tensor, const ExternalData& external);
// New values of the same dtype and shape into the place the old ones have (not for external data).
void store_tensor(TensorProto& tensor, const Tensor& values);

// As a graph input, output or value_info declares it; none where it is no dense tensor of a known dtype.
// Dimensions below 0 count as unknown; Error below -1 or where the known ones multiply to more than 2^47.
std::optional<DeclaredType> declared_type(const TypeProto& type);

}  // namespace lehr::onnx
