#include "engine/ops/primitive.h"

namespace lehr {

void emit_prepared(Emit& e, Work work, const onednn::Prepared& p, const std::vector<Buffer>& addresses, std::vector<Buffer> reads, std::vector<Buffer> writes) {
  const Buffer scratch = p.scratchpad > 0 ? e.temp(p.scratchpad) : Buffer();
  if (scratch.id >= 0) writes.push_back(scratch);
  work.impl = p.impl;
  e.step(std::move(work), std::move(reads), std::move(writes), [p, addresses, scratch](const Memory& m) {
    std::vector<void*> at;
    for (const Buffer b : addresses) at.push_back(m.at(b));
    return p.bind(at, scratch.id >= 0 ? m.at(scratch) : nullptr);
  });
}

namespace {

Buffer room(Emit& e, const onednn::Layout& layout, const std::string& name) {
  return e.keep({Dtype::f32, {static_cast<std::int64_t>(layout.bytes() / sizeof(float))}}, name + " reordered");
}

Buffer packed(Emit& e, const Operand& o, const onednn::Layout& layout, Copies& copies) {
  for (const auto& [of, copy, has] : copies.made)
    if (of == o.buffer && has == layout) return copy;
  const Buffer copy = room(e, layout, o.name);
  emit_prepared(e, {"reorder " + o.name, {}, 0}, onednn::pack(layout), {o.buffer, copy}, {o.buffer}, {copy});
  copies.made.push_back({o.buffer, copy, layout});
  return copy;
}

}  // namespace

void emit_primitive(Emit& e, Work work, const onednn::Prepared& p, const std::vector<Operand>& operands, Copies& copies) {
  std::vector<Buffer> addresses, reads, writes;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Operand& o = operands[i];
    const onednn::Layout& layout = p.layouts.at(i);
    if (layout.row_major() && !o.add)
      addresses.push_back(o.buffer);
    else
      addresses.push_back(o.written ? room(e, layout, o.name) : packed(e, o, layout, copies));
    (o.written ? writes : reads).push_back(addresses.back());
  }
  emit_prepared(e, std::move(work), p, addresses, std::move(reads), std::move(writes));
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Operand& o = operands[i];
    if (addresses[i] == o.buffer) continue;
    if (!o.written) continue;
    std::vector<Buffer> from{addresses[i]};
    if (o.add) from.push_back(o.buffer);
    emit_prepared(e, {(o.add ? "add " : "reorder ") + o.name, {}, 0}, onednn::unpack(p.layouts[i], o.add), {addresses[i], o.buffer}, from, {o.buffer});
  }
}

}  // namespace lehr
