#include <algorithm>
#include <numeric>

#include "engine/plan/planner.h"

namespace lehr {

std::size_t lay_out(std::vector<BufferInfo>& buffers) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].kind == BufferInfo::Kind::arena && buffers[i].first >= 0) order.push_back(i);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return buffers[a].size > buffers[b].size; });
  std::vector<std::size_t> placed;  // by offset
  std::size_t total = 0;
  for (const std::size_t i : order) {
    BufferInfo& info = buffers[i];
    const std::size_t size = (std::max<std::size_t>(info.size, 1) + 63) / 64 * 64;
    std::size_t offset = 0;
    for (const std::size_t p : placed) {
      const BufferInfo& other = buffers[p];
      if (other.last < info.first || info.last < other.first) continue;
      if (other.offset >= offset + size) break;
      offset = std::max(offset, other.offset + (std::max<std::size_t>(other.size, 1) + 63) / 64 * 64);
    }
    info.offset = offset;
    total = std::max(total, offset + size);
    placed.insert(std::ranges::upper_bound(placed, offset, {}, [&](std::size_t p) { return buffers[p].offset; }), i);
  }
  return total;
}

}  // namespace lehr
