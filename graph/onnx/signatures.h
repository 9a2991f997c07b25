#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/table.h"

namespace lehr::onnx {

// How a node of one operator must look. Every operator the engine or a pass knows has one, Constant too.
struct Signature {
  struct Operand {
    // Of an input: "T", one element type for all operands that are called so; "int64", that one.
    // Of an output also "@to:T1", the type attribute `to` names (or has, where it is a tensor), as T1 where it is not given.
    std::string type;
    bool optional = false, repeated = false;
  };
  struct Named {
    int kind = 0;  // AttributeProto::AttributeType
    bool required = false;
  };
  std::vector<Operand> in, out;
  std::map<std::string, Named> attributes;
};

// The one of an operator at an opset of its domain, nullptr where it has none: what reading a file asks, so that no other row is parsed.
const Signature* signature(const std::string& key, int opset);
// All of them. By "Gemm", "ai.onnx.ml.Scaler", …; the versions are opsets of their domain.
const Table<Signature>& signatures();
std::string table_key(const std::string& domain, const std::string& op);

}  // namespace lehr::onnx
