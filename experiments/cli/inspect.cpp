#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "engine/ops/standard.h"
#include "engine/plan/plan.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/run/labels.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"
#include "graph/print.h"

namespace lehr::cli {

namespace {
struct Candidate {
  const char* loss;
  LossKind kind;
};
constexpr Candidate candidates[] = {
    {"binary_crossentropy", LossKind::binary_cross_entropy}, {"categorical_crossentropy", LossKind::cross_entropy}, {"mse", LossKind::mse}};

// The loss whose tail the model ends in; mse where it ends in none.
std::optional<Candidate> suggested(const Graph& graph, std::string& why) {
  for (const Candidate& c : candidates) {
    try {
      const Head head = find_head(graph, c.kind);
      if (c.kind == LossKind::mse || head.told || !head.tail.empty()) return c;
    } catch (const Error& error) {
      why = error.what();
    }
  }
  return std::nullopt;
}

std::string operators(const Graph& graph) {
  std::map<std::pair<std::string, int>, int> counts;
  for (const Node& node : graph.nodes()) ++counts[{table_name(node), node.opset}];
  std::vector<std::vector<std::string>> rows{{"operator", "opset", "nodes", "known"}};
  for (const auto& [key, count] : counts)
    rows.push_back({printable(key.first), cat(key.second), cat(count), standard_ops().lookup(key.first, key.second) ? "yes" : "no"});
  return aligned(rows, {false, true, true});
}

std::string sizes(const Graph& graph) {
  std::string out;
  for (const ValueId id : graph.inputs)
    out += cat("input   ", quote(graph.value(id).name), "  ", graph.value(id).type ? text(*graph.value(id).type) : "unknown", "\n");
  for (const ValueId id : graph.outputs)
    out += cat("output  ", quote(graph.value(id).name), "  ", graph.value(id).type ? text(*graph.value(id).type) : "unknown", "\n");
  return out;
}

// Compiles the model with that loss at a batch of 2: what comes back are the gaps, "" if there is none.
std::string gaps(const Graph& graph, const Candidate& c, Prepared& prepared) {
  try {
    PrepareOptions options;
    options.losses.emplace_back();
    options.losses.front().kind = c.kind;
    prepared = prepare(graph, options);
    const ValueId wanted[] = {prepared.loss};
    const Typing typing = type_graph(prepared.graph, standard_ops(), 2, Mode::train, wanted);
    if (!typing.problems.empty()) return join(typing.problems, "\n") + "\n";
    const Weights weights(prepared.graph);
    CompileOptions compiled;
    compiled.batch = 2;
    compiled.loss = prepared.loss;
    compile(prepared.graph, standard_ops(), weights, compiled);
    return {};
  } catch (const Error& error) {
    return std::string(error.what()) + "\n";
  }
}

std::string unknown_everywhere(const Graph& graph) {
  std::string out;
  for (const Node& node : graph.nodes())
    if (!standard_ops().lookup(table_name(node), node.opset))
      out += cat(describe(graph, node), ": operator ", quote(table_name(node)), " (opset ", node.opset, ") is not supported",
                 label_tail(node) ? ", and not needed for training" : "", "\n");
  return out;
}

void show(const std::string& file, Context& context) {
  const auto model = within(printable(file), [&] { return onnx::read_model(file); });
  std::string out = cat(printable(file), "  IR ", model.ir_version, ", ", model.producer.empty() ? "unknown producer" : printable(model.producer), "\n");
  for (const auto& [domain, version] : model.opsets) out += cat("opset   ", domain.empty() ? "ai.onnx" : printable(domain), " ", version, "\n");
  out += sizes(model.graph) + "\n" + operators(model.graph) + "\n";
  for (const auto& note : model.notes) out += "note    " + note + "\n";
  std::string why;
  const auto loss = suggested(model.graph, why);
  if (!loss) {
    print(out + unknown_everywhere(model.graph) + "no loss attaches: " + why + "\n");
    context.exit_code = static_cast<int>(Exit::mismatch);
    return;
  }
  Prepared prepared;
  const std::string missing = gaps(model.graph, *loss, prepared);
  for (const auto& note : prepared.notes) out += "note    " + note + "\n";
  std::vector<std::vector<std::string>> rows{{"tensor", "shape", "role", "why"}};
  std::int64_t trained = 0;
  for (const auto& p : parameter_table(prepared.graph)) {
    rows.push_back({printable(p.name), cat(p.shape), name(p.role), p.why});
    if (p.role == Role::parameter) trained += elements(p.shape);
  }
  if (rows.size() > 1) out += aligned(rows) + grouped(trained) + " trained values\n\n";
  if (!prepared.heads.empty())
    out += cat("loss    attaches to ", quote(prepared.graph.value(prepared.heads.front().value).name), " (", name(prepared.heads.front().form),
               "), tail: ", prepared.heads.front().tail.empty() ? std::string("none") : join(prepared.heads.front().tail, ", "), "\n");
  if (const auto labels = lehr::run::own_labels(model))
    out += cat("classes ", printable(join(labels->names, ", ")), " (", labels->where, ")\n");
  if (!missing.empty()) {
    print(out + "\nwhat stands in the way of training:\n" + missing);
    context.exit_code = static_cast<int>(Exit::mismatch);
    return;
  }
  print(cat(out, "\ntrains: forward and backward are supported throughout. A start:\n\nmodel: {file: ", std::filesystem::path(file).filename().string(),
            "}\ndata: {file: data.csv, split: {validation: 20%}}\nloss: ", loss->loss, "\nmetrics: [", loss->kind == LossKind::mse ? "rmse" : "accuracy",
            "]\noptimizer: {type: adam}\nlr: 0.001\nepochs: 10\nbatch: 32\n"));
}
}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("inspect", "A model: operators, gaps, trained tensors, where a loss attaches");
  auto file = std::make_shared<std::string>();
  command->add_option("model", *file, "an ONNX file")->required();
  command->callback([file, &context] { show(*file, context); });
}

}  // namespace lehr::cli
