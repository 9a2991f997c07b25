#include "engine/train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "engine/data/json.h"
#include "engine/data/safetensors.h"

namespace lehr {

namespace {
constexpr std::string_view prefix = "optimizer.", progress = "trainer.progress";

class Writer {
 public:
  void add(const std::string& name, const Shape& shape, std::span<const float> values) { add(name, "F32", shape, std::as_bytes(values)); }
  void add(const std::string& name, std::string_view bytes) { add(name, "U8", {static_cast<std::int64_t>(bytes.size())}, std::as_bytes(std::span(bytes))); }
  void add(const std::string& name, std::span<const double> values) { add(name, "F64", {static_cast<std::int64_t>(values.size())}, std::as_bytes(values)); }
  std::string file(const std::string& metadata) const {
    std::string header = cat("{\"__metadata__\":", metadata, header_, "}");
    header.resize((header.size() + 7) / 8 * 8, ' ');
    std::string out(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(header.size() >> (8 * i));
    return out + header + data_;
  }

 private:
  void add(const std::string& name, const char* dtype, const Shape& shape, std::span<const std::byte> bytes) {
    const std::size_t begin = data_.size();
    data_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    header_ += cat(",", json::string(name), ":{\"dtype\":\"", dtype, "\",\"shape\":", shape, ",\"data_offsets\":[", begin, ",", data_.size(), "]}");
  }
  std::string header_, data_;
};

using Entry = SafeTensors::Entry;

void copy(const Entry& e, void* to) { std::ranges::copy(e.bytes, static_cast<char*>(to)); }

void fill(std::vector<Entry>& entries, const Parameter& p, std::span<float> out) {
  const auto found = std::ranges::find(entries, p.name, &Entry::name);
  if (found == entries.end()) throw Error("the saved state has no tensor ", quote(p.name));
  if (found->dtype != Dtype::f32 || found->shape != p.shape)
    throw Error("the saved tensor ", quote(p.name), " is ", lehr::name(found->dtype), cat(found->shape), ", the model's is ", lehr::name(Dtype::f32),
                cat(p.shape));
  copy(*found, out.data());
  entries.erase(found);
}

void add(Writer& to, const Weights& layout, std::span<const float> values, std::span<const float> state) {
  for (const Parameter& p : layout.parameters()) to.add(p.name, p.shape, values.subspan(p.offset, p.size));
  for (const Parameter& p : layout.states()) to.add(p.name, p.shape, state.subspan(p.offset, p.size));
}
}  // namespace

std::string safetensors(const Weights& layout, std::span<const float> values, std::span<const float> state) {
  Writer writer;
  add(writer, layout, values, state);
  return writer.file("{\"format\":\"lehr 1\"}");
}

void read_weights(std::string_view file, const Weights& weights) {
  const TrialState rest = read_safetensors(file, weights);
  if (!rest.slots.empty() || !rest.scalars.empty() || !rest.progress.empty()) throw Error("the saved weights hold an optimizer's state");
}

std::string safetensors(const Weights& weights, const TrialState& state) {
  Writer writer;
  for (const auto& [name, values] : state.scalars) writer.add(cat(prefix, name), values);  // first: eight bytes each
  add(writer, weights, weights.values(), weights.state());
  for (const TrialState::Tensor& slot : state.slots) writer.add(cat(prefix, slot.name), slot.shape, slot.values);
  if (!state.progress.empty()) writer.add(std::string(progress), std::string_view(state.progress));
  std::string metadata = "{\"format\":\"lehr 1\"";
  for (const auto& [name, value] : state.counters) metadata += cat(",", json::string(name), ":\"", value, "\"");
  for (const auto& [name, text] : state.notes) metadata += cat(",", json::string(name), ":", json::string(text));
  return writer.file(metadata + "}");
}

TrialState read_safetensors(std::string_view file, const Weights& weights) {
  SafeTensors read = parse_safetensors(file);
  for (const Parameter& p : weights.parameters()) fill(read.entries, p, weights.value(p));
  for (const Parameter& p : weights.states()) fill(read.entries, p, weights.state(p));
  TrialState out;
  for (const auto& [key, text] : read.metadata) {
    std::int64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status == std::errc() && end == text.data() + text.size())
      out.counters[key] = number;
    else if (key != "format")
      out.notes[key] = text;
  }
  for (const Entry& e : read.entries) {
    if (e.name == progress && e.dtype == Dtype::u8) {
      out.progress.assign(e.bytes.begin(), e.bytes.end());
      continue;
    }
    if (!e.name.starts_with(prefix)) throw Error("the saved tensor ", quote(e.name), " is not of this model");
    const std::string name = e.name.substr(prefix.size());
    const auto count = static_cast<std::size_t>(elements(e.shape));
    if (e.dtype == Dtype::f64) {
      auto& values = out.scalars[name];
      values.resize(count);
      copy(e, values.data());
    } else if (e.dtype != Dtype::f32) {
      throw Error("the saved tensor ", quote(e.name), " is ", lehr::name(e.dtype), ", not ", lehr::name(Dtype::f32));
    } else {
      out.slots.push_back({name, e.shape, std::vector<float>(count)});
      copy(e, out.slots.back().values.data());
    }
  }
  return out;
}

}  // namespace lehr
