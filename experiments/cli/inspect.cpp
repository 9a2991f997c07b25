#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engine/ops/standard.h"
#include "engine/plan/unsupported.h"
#include "experiments/cli/attempt.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/cli/start.h"
#include "experiments/run/labels.h"
#include "graph/onnx/model.h"
#include "graph/print.h"

namespace lehr::cli {

namespace {
// Operators that are gone when the passes have written them as others.
std::set<std::string> rewritten(const Graph& graph) {
  Graph copy = graph;
  normalize(copy);
  std::set<std::string> left, out;
  for (const Node& node : copy.nodes()) left.insert(table_name(node));
  for (const Node& node : graph.nodes())
    if (!left.contains(table_name(node))) out.insert(table_name(node));
  return out;
}

std::string operators(const Graph& graph) {
  const auto others = rewritten(graph);
  std::map<std::pair<std::string, int>, int> counts;
  std::map<std::pair<std::string, int>, const char*> known;
  for (const Node& node : graph.nodes()) {
    const std::pair key{table_name(node), node.opset};
    ++counts[key];
    known[key] = standard_ops().lookup(key.first, key.second) ? "yes" : others.contains(key.first) ? "rewritten" : label_tail(node) ? "label" : "no";
  }
  std::vector<std::vector<std::string>> rows{{"operator", "opset", "nodes", "known"}};
  for (const auto& [key, count] : counts) rows.push_back({printable(key.first), cat(key.second), cat(count), known.at(key)});
  return aligned(rows, {false, true, true});
}

std::string type_of(const Graph& graph, ValueId id) { return graph.value(id).type ? text(*graph.value(id).type) : "unknown"; }

std::string sizes(const Graph& graph) {
  std::string out;
  for (const ValueId id : graph.inputs) out += cat("input   ", quote(graph.value(id).name), "  ", type_of(graph, id), "\n");
  for (const ValueId id : graph.outputs) out += cat("output  ", quote(graph.value(id).name), "  ", type_of(graph, id), "\n");
  return out;
}

// Where no loss attaches the passes do not come as far as the operators.
std::string unknown_everywhere(const Graph& graph) {
  Unsupported unsupported(standard_ops());
  for (const Node& node : graph.nodes())
    if (!label_tail(node)) unsupported.find(graph, node);
  const auto sentences = unsupported.sentences();
  return sentences.empty() ? "" : told(sentences) + "\n";
}

std::string parameters(const Graph& graph) {
  std::vector<std::vector<std::string>> rows{{"tensor", "shape", "role", "why"}};
  std::int64_t trained = 0;
  for (const auto& p : parameter_table(graph)) {
    rows.push_back({printable(p.name), cat(p.shape), name(p.role), p.why});
    if (p.role == Role::parameter) trained += elements(p.shape);
  }
  return rows.size() > 1 ? aligned(rows) + grouped(trained) + " trained values\n" : std::string();
}

// "attaches to 'z' (logits), tail: Sigmoid"
std::string attached(const Attempt& a) {
  if (a.prepared.heads.empty()) return cat(a.loss, " does not attach");
  const Head& head = a.prepared.heads.front();
  return cat("attaches to ", quote(a.prepared.graph.value(head.value).name), " (", name(head.form),
             "), tail: ", head.tail.empty() ? std::string("none") : join(head.tail, ", "));
}

// What is shown of, and the classes it names itself.
struct Subject {
  std::string file;
  const Graph& graph;
  std::optional<lehr::run::OwnLabels> labels;
};

std::string detail(const Subject& s, const Attempt& a) {
  std::string out;
  for (const auto& note : a.prepared.notes) out += "note    " + note + "\n";
  if (const std::string table = parameters(a.prepared.graph); !table.empty()) out += table + "\n";
  out += cat("loss    ", attached(a), "\n");
  if (!a.why.empty()) out += cat("loss    ", a.loss, ": ", a.why, "\n");
  if (s.labels) out += cat("classes ", printable(join(s.labels->names, ", ")), " (", s.labels->where, ")\n");
  if (!a.trains()) return cat(out, "\nwhat stands in the way of training:\n", a.in_the_way, "\n");
  const Start first = start(std::filesystem::path(s.file).filename().string(), a, s.labels ? s.labels->names : std::vector<std::string>());
  out += "\ntrains: forward and backward are supported throughout.";
  return out + (first.yaml.empty() ? cat(" No start: ", first.why_none, "\n") : cat(" A start:\n\n", first.yaml));
}

// What a loss makes of each output, one line or the first lines of why not.
std::vector<Attempt> each_output(const Graph& graph, std::string& out) {
  std::vector<Attempt> attempts;
  for (const ValueId id : graph.outputs) {
    const std::string& name = graph.value(id).name;
    out += cat("loss    on ", quote(name), ": ");
    try {
      attempts.push_back(attempt(graph, name));
      const Attempt& a = attempts.back();
      out += cat(a.loss, " ", attached(a), a.trains() ? "; trains" : "; does not train: " + split(a.in_the_way, '\n').front(), "\n");
    } catch (const Error& error) {
      out += cat("none attaches: ", error.sentence(), "\n");
    }
  }
  return attempts;
}

// Exactly one output fits, or one was named; else all are told and the first that trains is shown.
std::string losses(const Subject& s, const std::string& output, bool& trains) {
  std::string why;
  try {
    const Attempt a = attempt(s.graph, output);
    trains = a.trains();
    return detail(s, a);
  } catch (const Error& error) {
    if (!output.empty()) throw;
    why = error.sentence();
  }
  std::string out;
  const auto attempts = s.graph.outputs.size() > 1 ? each_output(s.graph, out) : std::vector<Attempt>();
  const auto first = std::ranges::find_if(attempts, &Attempt::trains);
  trains = first != attempts.end();
  if (!trains) return cat(out, unknown_everywhere(s.graph), "no loss attaches: ", why, "\n");
  return cat(out, "\n", why, ": --output NAME shows another one; here is ", quote(first->output), "\n\n", detail(s, *first));
}

void show(const std::string& file, const std::string& output, Context& context) {
  const auto model = onnx::read_model(file);
  std::string out = cat(printable(file), "  IR ", model.ir_version, ", ", model.producer.empty() ? "unknown producer" : printable(model.producer), "\n");
  for (const auto& [domain, version] : model.opsets) out += cat("opset   ", domain.empty() ? "ai.onnx" : printable(domain), " ", version, "\n");
  out += sizes(model.graph) + "\n" + operators(model.graph) + "\n";
  for (const auto& note : model.notes) out += "note    " + note + "\n";
  bool trains = false;
  out += within([&] { return printable(file); }, [&] { return losses({file, model.graph, lehr::run::own_labels(model)}, output, trains); });
  print(out);
  if (!trains) context.exit_code = static_cast<int>(Exit::mismatch);
}
}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("inspect", "A model: operators, gaps, trained tensors, where a loss attaches");
  auto file = std::make_shared<std::string>(), output = std::make_shared<std::string>();
  command->add_option("model", *file, "an ONNX file")->required();
  command->add_option("--output", *output, "the output the loss looks at, where there are several");
  command->callback([file, output, &context] { show(*file, *output, context); });
}

}  // namespace lehr::cli
