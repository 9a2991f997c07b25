#include "engine/train/init.h"

#include <charconv>
#include <cmath>

#include "base/rng.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {
struct Kind {
  std::string name;
  double argument = 0;
  bool has_argument = false;
};

Kind parse(const std::string& text) {
  Kind kind{text};
  if (const auto open = text.find('('); open != std::string::npos && text.ends_with(')')) {
    kind.name = std::string(trim(std::string_view(text).substr(0, open)));
    const auto inner = trim(std::string_view(text).substr(open + 1, text.size() - open - 2));
    const auto [end, error] = std::from_chars(inner.data(), inner.data() + inner.size(), kind.argument);
    if (error != std::errc() || end != inner.data() + inner.size() || !(kind.argument >= 0) || !std::isfinite(kind.argument))
      throw Error("initializer ", quote(text), ": the argument is not a number of at least 0");
    kind.has_argument = true;
  }
  if (std::ranges::find(init_kinds(), kind.name) == init_kinds().end())
    throw Error("unknown initializer ", quote(kind.name), did_you_mean(kind.name, init_kinds()), "\n  known: ", join(init_kinds(), ", "));
  const bool takes = kind.name == "normal" || kind.name == "uniform";
  if (takes && !kind.has_argument) kind.argument = 0.05;  // as Keras' RandomNormal and RandomUniform
  if (!takes && kind.has_argument) throw Error("initializer ", quote(text), " takes no argument");
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

void fill_uniform(std::span<float> out, Random& random, double a) {
  for (float& v : out) v = static_cast<float>((2 * random.uniform() - 1) * a);
}
void fill_normal(std::span<float> out, Random& random, double s) {
  for (float& v : out) v = static_cast<float>(random.normal() * s);
}
void fill_truncated(std::span<float> out, Random& random, double s) {
  const double scaled = s / 0.87962566103423978;  // deviation of a standard normal cut at +-2
  for (float& v : out) {
    double z = random.normal();
    while (std::fabs(z) > 2) z = random.normal();
    v = static_cast<float>(z * scaled);
  }
}

void fill(std::span<float> out, const Kind& kind, const Fans& f, bool matrix, Random& random) {
  if (kind.name == "zeros" || kind.name == "ones") {
    std::ranges::fill(out, kind.name == "ones" ? 1.0f : 0.0f);
    return;
  }
  if (kind.name == "normal") return fill_normal(out, random, kind.argument);
  if (kind.name == "uniform") return fill_uniform(out, random, kind.argument);
  if (!matrix) {
    if (f.added) std::ranges::fill(out, 0.0f);
    return;
  }
  const bool uniform = kind.name.ends_with("_uniform");
  const double variance = kind.name.starts_with("glorot") ? 2 / (f.in + f.out) : kind.name.starts_with("he") ? 2 / f.in : 1 / f.in;
  if (uniform) fill_uniform(out, random, std::sqrt(3 * variance));
  else fill_truncated(out, random, std::sqrt(variance));
}
}  // namespace

const std::vector<std::string>& init_kinds() {
  static const std::vector<std::string> kinds = {"normal", "uniform", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
                                                 "lecun_uniform", "lecun_normal", "zeros", "ones"};
  return kinds;
}

void check_init(const std::string& kind) { parse(kind); }

void initialize(const Weights& weights, const Graph& graph, const std::vector<InitRule>& rules, std::uint64_t seed) {
  std::vector<bool> used(rules.size());
  for (const Parameter& p : weights.parameters()) {
    const InitRule* rule = nullptr;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (matches(rules[i].pattern, p.name)) rule = &rules[i], used[i] = true;
    if (!rule) continue;
    Random random(seed, Stream::init, name_hash(p.name));
    fill(weights.value(p), parse(rule->kind), fans(graph, p), p.shape.size() >= 2, random);
  }
  std::vector<std::string> names;
  for (const Parameter& p : weights.parameters()) names.push_back(p.name);
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (!used[i]) throw Error("init pattern ", quote(rules[i].pattern), " matches no parameter", did_you_mean(rules[i].pattern, names), " (parameters: ", join(names, ", "), ")");
}

}  // namespace lehr
