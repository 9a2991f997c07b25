#include <algorithm>

#include "experiments/spec/reader.h"

namespace lehr::spec {

namespace {
Term term_of(const Node& node) {
  Term term;
  term.line = node.at.line;
  term.column = node.at.column;
  if (node.is_list()) {
    term.kind = Term::Kind::list;
    for (const Node& item : node.items) term.items.push_back(term_of(item));
  } else if (node.is_mapping()) {
    term.kind = Term::Kind::mapping;
    for (const Entry& entry : node.entries) {
      term.entries.push_back({entry.key, term_of(entry.value)});
    }
  } else {
    term.scalar = node.scalar;
  }
  return term;
}

template <class Visit>
void each(const Node& node, const Visit& visit) {
  visit(node);
  for (const Node& item : node.items) each(item, visit);
  for (const Entry& entry : node.entries) each(entry.value, visit);
}

// The place an error in a term speaks of: a node or key that starts there, or a column inside a formula.
At place_of(const Node& node, int line, int column) {
  At best = node.at;
  bool exact = false;
  const auto consider = [&](const At& at) {
    if (exact || at.line != line || at.column > column) return;
    exact = at.column == column;
    best = at;
    best.length = exact ? at.length : 1;
    best.column = column;
  };
  each(node, [&](const Node& part) {
    consider(part.at);
    for (const Entry& entry : part.entries) consider(entry.at);
  });
  return best;
}
}  // namespace

std::optional<Value> ValueReader::schedule(const Key& key, const Node& node) {
  bool fits = true;
  each(node, [&](const Node& part) {
    const bool bad_number = part.is_scalar() && part.quoted && looks_like_number(part.scalar);
    if (!bad_number && !part.is_null()) return;
    problems_.error(part.at, key.path, bad_number ? ": a number is written without quotes" : ": null is not a value here");
    fits = false;
  });
  if (node.is_scalar() && !node.scalar.empty() && looks_like_number(node.scalar)) {
    const auto read = read_number(node.scalar);
    if (fits && !read) problems_.error(node.at, key.path, " must be a number or a schedule, ", read.why);
    fits = fits && read;
  }
  if (!fits) return std::nullopt;
  Value value;
  try {
    value.schedule = parse_controlled(term_of(node));
  } catch (const TermError& error) {
    problems_.error(error.line > 0 ? place_of(node, error.line, error.column) : node.at, key.path, ": ", error.sentence());
    return std::nullopt;
  } catch (const Error& error) {
    problems_.error(node.at, key.path, ": ", error.sentence());
    return std::nullopt;
  }
  if (value.schedule->constant() && !within_range(key, node, value.schedule->at(Clock{}))) return std::nullopt;
  return value;
}

std::optional<Value> ValueReader::rows(const Key& key, const Node& node, Node& canonical) {
  const bool formula = node.is_scalar() && !node.quoted && node.scalar.find_first_of("*/+-^( ") != std::string::npos && !looks_like_number(node.scalar);
  if (node.is_scalar() && !formula) {
    auto value = integer(key, node, canonical);
    if (value) value->schedule = Schedule(static_cast<double>(value->integer));
    return value;
  }
  auto value = schedule(key, node);
  if (!value || value->schedule->feedback().empty()) return value;
  problems_.error(node.at, key.path, " cannot follow a metric: the sizes of all batches must be known before the run");
  return std::nullopt;
}

}  // namespace lehr::spec
