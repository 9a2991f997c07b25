#include "engine/train/init.h"

#include <charconv>
#include <cmath>

#include "engine/train/initializers.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {
// An initializer as a rule names it.
struct Kind {
  const InitializerRow& row;
  std::vector<double> arguments;
};

double argument(std::string_view cell, const std::string& text) {
  double value = 0;
  cell = trim(cell);
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !(value >= 0) || !std::isfinite(value))
    throw Error("initializer ", quote(text), ": the argument is not a number of at least 0");
  return value;
}

// "name" or "name(number, …)"
Kind parse(const std::string& text) {
  const auto open = text.find('(');
  const bool bracketed = open != std::string::npos && text.ends_with(')');
  const std::string name(trim(std::string_view(text).substr(0, bracketed ? open : text.size())));
  Kind kind{standard_initializers().find(name), {}};
  if (bracketed)
    for (const auto& cell : split(std::string_view(text).substr(open + 1, text.size() - open - 2), ',')) kind.arguments.push_back(argument(cell, text));
  const auto& fallbacks = kind.row.arguments;
  if (kind.arguments.size() > fallbacks.size())
    throw Error("initializer ", quote(text), " takes ",
                fallbacks.empty()       ? "no argument"
                : fallbacks.size() == 1 ? "one argument"
                                        : cat(fallbacks.size(), " arguments"));
  kind.arguments.insert(kind.arguments.end(), fallbacks.begin() + static_cast<std::ptrdiff_t>(kind.arguments.size()), fallbacks.end());
  return kind;
}

struct Fans {
  double in = 1, out = 1;
  bool added = false, outputs_first = false;  // axis 0 counts the outputs
};

// Looks through the carriers exporters put between a weight and the node that uses it.
Fans fans(const Graph& graph, const Parameter& p) {
  Fans f;
  FanAxes axes = p.shape.size() > 2 ? FanAxes{1, 0} : FanAxes{0, 1};
  ValueId value = p.value;
  bool transposed = false;
  for (int depth = 0; depth < 8; ++depth) {
    const auto users = graph.consumers(value);
    if (users.empty()) break;
    const Node& node = graph.nodes()[users.front()];
    const auto slot = static_cast<std::size_t>(std::ranges::find(node.in, value) - node.in.begin());
    if (traits(node).carries && node.in.size() == 1) {
      transposed = transposed != (traits(node).transposes && p.shape.size() == 2);
      value = node.out.front();
      continue;
    }
    f.added = traits(node).slot(slot).purpose == Purpose::offset || traits(node).does == Does::add;
    if (const auto found = fan_axes(node, slot, p.shape.size())) axes = *found;
    break;
  }
  if (transposed) std::swap(axes.in, axes.out);
  f.outputs_first = axes.out < axes.in;
  if (p.shape.size() < 2) return f;
  double receptive = 1;
  for (std::size_t i = 2; i < p.shape.size(); ++i) receptive *= static_cast<double>(p.shape[i]);
  f.in = static_cast<double>(p.shape[axes.in]) * receptive, f.out = static_cast<double>(p.shape[axes.out]) * receptive;
  return f;
}

}  // namespace

bool outputs_first(const Graph& graph, const Parameter& p) { return fans(graph, p).outputs_first; }

namespace {
std::uint64_t name_hash(const std::string& name) {  // FNV-1a, 32 bits: the substream
  std::uint32_t h = 2166136261u;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 16777619u;
  return h;
}

void fill(std::span<float> out, const Kind& kind, const Fans& f, bool matrix, Random& random) {
  if (matrix || !kind.row.fans) return kind.row.fill(out, {f.in, f.out, kind.arguments}, random);
  if (f.added) std::ranges::fill(out, 0.0f);
}
}  // namespace

void check_init(const std::string& kind) { parse(kind); }

void initialize(const Weights& weights, const Graph& graph, const std::vector<InitRule>& rules, std::uint64_t seed) {
  std::vector<bool> used(rules.size());
  for (const Parameter& p : weights.parameters()) {
    const InitRule* rule = nullptr;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (rules[i].exact ? rules[i].pattern == p.name : matches(rules[i].pattern, p.name)) rule = &rules[i], used[i] = true;
    if (!rule) continue;
    Random random(seed, Stream::init, name_hash(p.name));
    fill(weights.value(p), parse(rule->kind), fans(graph, p), p.shape.size() >= 2, random);
  }
  std::vector<std::string> names;
  for (const Parameter& p : weights.parameters()) names.push_back(p.name);
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (!used[i])
      throw Error("init pattern ", quote(rules[i].pattern), " matches no parameter", did_you_mean(rules[i].pattern, names), " (parameters: ", join(names, ", "),
                  ")");
}

}  // namespace lehr
