#include "engine/plan/unsupported.h"

#include <algorithm>

namespace lehr {

namespace {
constexpr std::size_t most_lines = 20;
}

std::string told(const std::vector<std::string>& problems) {
  std::string out;
  std::size_t lines = 0;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const auto more = static_cast<std::size_t>(std::ranges::count(problems[i], '\n')) + 1;
    const bool last = i + 1 == problems.size();
    if (i > 0 && lines + more + (last ? 0 : 1) > most_lines) return cat(out, "and ", problems.size() - i, " problems more");
    out += problems[i] + (last ? "" : "\n");
    lines += more;
  }
  return out;
}

const MakeOp* Unsupported::find(const Graph& graph, const Node& node) {
  std::pair<std::string, int> key{table_name(node), node.opset};
  if (const MakeOp* make = table_.lookup(key.first, key.second)) return make;
  Seen& seen = seen_[key];
  if (seen.nodes++ == 0) {
    seen.first = describe(graph, node);
    order_.push_back(std::move(key));
  }
  return nullptr;
}

std::vector<std::string> Unsupported::sentences() const {
  const auto names = table_.names();
  std::vector<std::string> out;
  for (const auto& [name, opset] : order_) {
    const auto versions = table_.versions(name);
    std::string text = cat("operator ", quote(name));
    if (versions.empty())
      text += cat(" (opset ", opset, ") is not supported", out.size() < most_lines ? did_you_mean(name, names) : "");
    else
      text += cat(" is supported from opset ", versions.front(), ", the node has opset ", opset);
    const Seen& seen = seen_.at({name, opset});
    out.push_back(seen.nodes == 1 ? cat(text, "\n  in ", seen.first)
                                  : cat(text, "\n  in ", grouped(static_cast<long long>(seen.nodes)), " nodes, the first is ", seen.first));
  }
  return out;
}

}  // namespace lehr
