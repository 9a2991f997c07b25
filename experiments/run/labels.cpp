#include "experiments/run/labels.h"

#include <algorithm>

#include "engine/data/csv.h"
#include "engine/data/json.h"
#include "experiments/run/exported.h"

namespace lehr::run {

namespace {
bool same(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto x = parse_number(a), y = parse_number(b);
  return x && y && *x == *y;
}

std::string shown(const std::vector<std::string>& names) {
  constexpr std::size_t most = 12;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) out.push_back(printable(names[i]));
  return cat(join(out, ", "), names.size() > most ? cat(", … ", names.size(), " in all") : "");
}

bool among(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  return std::ranges::all_of(some, [&](const auto& x) { return std::ranges::any_of(all, [&](const auto& y) { return same(x, y); }); });
}
bool same_set(const std::vector<std::string>& a, const std::vector<std::string>& b) { return a.size() == b.size() && among(a, b); }
}  // namespace

std::optional<OwnLabels> own_labels(const onnx::Model& model) {
  const auto lists = label_lists(model.graph);
  for (const auto& list : lists)
    if (!same_labels(list.names, lists.front().names))
      throw Error("the model names its classes in two ways: ", shown(lists.front().names), " (", lists.front().where, ") and ", shown(list.names), " (",
                  list.where, ")")
          .code(Exit::mismatch);
  if (!lists.empty()) return OwnLabels{lists.front(), true};
  const auto it = model.metadata.find(classes_key);
  if (it == model.metadata.end()) return std::nullopt;
  return within(cat("metadata ", classes_key), [&] { return OwnLabels{{json::parse(it->second).texts(), cat("its metadata ", classes_key)}, false}; });
}

bool same_labels(const std::vector<std::string>& a, const std::vector<std::string>& b) { return std::ranges::equal(a, b, same); }

ClassOrder order_classes(const OwnLabels& own, const std::vector<std::string>& of_table) {
  if (among(of_table, own.names)) return {own.names, cat("the classes are, in the model's own order, ", shown(own.names), " (", own.where, ")")};
  const auto note = check_labels(own, of_table);
  return {of_table, note.value_or("")};
}

std::optional<std::string> check_labels(const OwnLabels& own, const std::vector<std::string>& classes) {
  if (same_labels(own.names, classes)) return std::nullopt;
  if (!own.in_nodes && !same_set(own.names, classes))
    return cat("the model was trained on the classes ", shown(own.names), " (", own.where, "); now they are ", shown(classes));
  throw Error("the model's own classes are, in the order of its scores, ", shown(own.names), " (", own.where, "), the experiment's are ", shown(classes),
              same_set(own.names, classes) ? ": give them in the model's order, or leave `classes` out"
                                           : ": the labels it gives out would name other classes than those trained")
      .code(Exit::mismatch);
}

}  // namespace lehr::run
