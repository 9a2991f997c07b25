#pragma once

namespace lehr::onnx {

// What is read: opsets of ai.onnx, versions of the file format.
inline constexpr int min_opset = 6, max_opset = 28, min_ir = 3, max_ir = 14;

}  // namespace lehr::onnx
