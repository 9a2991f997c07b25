#include <CLI/CLI.hpp>
#include <algorithm>

#include "engine/ops/standard.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "graph/onnx/signatures.h"
#include "graph/onnx/versions.h"
#include "graph/passes/loss.h"

namespace lehr::cli {

namespace {
// What becomes of a node: an operator of a file without a row in the engine's table is a constant, a label or written as others.
const char* fate(const std::string& name) {
  if (standard_ops().lookup(name)) return "computed";
  if (name == "Constant") return "read as a stored tensor";
  Node node;
  const auto dot = name.rfind('.');
  node.op = name.substr(dot == std::string::npos ? 0 : dot + 1);
  node.domain = dot == std::string::npos ? "" : name.substr(0, dot);
  return label_tail(node) ? "a label: left to the exported model" : "rewritten as other operators";
}

std::string opsets(const std::string& name) {
  const auto known = standard_ops().versions(name);
  const int first = known.empty() ? onnx::signatures().versions(name).front() : known.front();
  return name.find('.') == std::string::npos ? cat(std::max(first, onnx::min_opset), " to ", onnx::max_opset) : cat("from ", first);
}
}  // namespace

void add_ops(CLI::App& app, Context&) {
  app.add_subcommand("ops", "The operators that are known, in which opsets of their domain")->callback([] {
    std::vector<std::vector<std::string>> rows{{"operator", "opsets", "is"}};
    for (const auto& name : onnx::signatures().names()) rows.push_back({name, opsets(name), fate(name)});
    print(cat("ai.onnx opsets ", onnx::min_opset, " to ", onnx::max_opset, ", IR ", onnx::min_ir, " to ", onnx::max_ir, "\n\n", aligned(rows)));
  });
}

}  // namespace lehr::cli
