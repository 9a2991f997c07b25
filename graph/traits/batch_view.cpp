#include "graph/traits/batch.h"

#include <algorithm>

#include "base/text.h"
#include "graph/traits/node.h"

namespace lehr {

bool BatchView::has(std::size_t slot) const { return has_in(node_, slot); }
Carried BatchView::in(std::size_t slot) const { return has(slot) ? carried_[static_cast<std::size_t>(node_.in[slot])] : Carried{}; }
const MaybeExtents& BatchView::maybe_dims(std::size_t slot) const {
  static const MaybeExtents none;
  return has(slot) ? known_[static_cast<std::size_t>(node_.in[slot])].dims : none;
}
const Extents& BatchView::dims(std::size_t slot) const {
  const MaybeExtents& d = maybe_dims(slot);
  if (!d) block("reads a tensor of unknown rank");
  return *d;
}
std::size_t BatchView::axis(std::int64_t given, std::size_t slot) const {
  const auto at = axis_index(given, rank(slot));
  if (!at) block(cat("works along axis ", given, " of a tensor of rank ", rank(slot)));
  return *at;
}
std::optional<std::vector<std::int64_t>> BatchView::integers(std::size_t slot, const char* attribute) const {
  if (const auto it = node_.attrs.find(attribute); it != node_.attrs.end())
    if (const auto* list = std::get_if<std::vector<std::int64_t>>(&it->second)) return *list;
  if (!has(slot)) return std::nullopt;
  const auto& data = graph_.value(node_.in[slot]).data;
  if (const auto& contents = known_[static_cast<std::size_t>(node_.in[slot])].contents; !data && contents) {  // computed from constants alone
    std::vector<std::int64_t> out;
    for (const Extent& x : *contents)
      if (x.known && x.symbol.empty()) out.push_back(x.count);
    if (out.size() == contents->size()) return out;
  }
  if (!data || is_float(data->type.dtype) || data->type.dtype == Dtype::string) block("has axes or shapes that are computed in the graph");
  return data->integers();
}
bool BatchView::computed(std::size_t slot) const { return has(slot) && !graph_.value(node_.in[slot]).data; }
bool BatchView::known(std::size_t slot) const {
  const auto& contents = known_[static_cast<std::size_t>(node_.in[slot])].contents;
  return !computed(slot) || (contents && std::ranges::all_of(*contents, [](const Extent& x) { return x.known && x.symbol.empty(); }));
}
bool BatchView::follows(std::size_t slot, std::size_t entry) const {
  const auto& contents = open_[static_cast<std::size_t>(node_.in[slot])].contents;
  return contents && entry < contents->size() && (*contents)[entry].symbol == batch_symbol;
}
std::string BatchView::name(std::size_t slot) const { return quote(graph_.value(node_.in[slot]).name); }
std::int64_t BatchView::multiply(std::int64_t a, std::int64_t b) const {
  if (a < 0 || b < 0 || (b > 0 && a > (std::int64_t{1} << 47) / b)) block("reads more elements than fit");
  return a * b;
}
std::int64_t BatchView::size(const Extent& extent) const {
  if (extent.number() < 0) block("reads rows of unknown size");
  return extent.number();
}
void BatchView::block(const std::string& what) const { throw Blocked{cat(describe(graph_, node_), " ", what)}; }
void BatchView::mix(const std::string& what) const { throw Blocked{cat(describe(graph_, node_), " ", what), true}; }

}  // namespace lehr
