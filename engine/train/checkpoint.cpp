#include "engine/train/checkpoint.h"

#include <cstring>
#include <span>

#include "engine/data/json.h"

namespace lehr {

namespace {
class Writer {
 public:
  void add(const std::string& name, const Shape& shape, std::span<const float> values) {
    const std::size_t begin = data_.size();
    data_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    header_ += cat(",", json::string(name), ":{\"dtype\":\"F32\",\"shape\":", shape, ",\"data_offsets\":[", begin, ",", data_.size(), "]}");
  }
  std::string file(const std::string& metadata) const {
    std::string header = cat("{\"__metadata__\":", metadata, header_, "}");
    header.resize((header.size() + 7) / 8 * 8, ' ');
    std::string out(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(header.size() >> (8 * i));
    return out + header + data_;
  }

 private:
  std::string header_, data_;
};
}  // namespace

std::string safetensors(const Weights& weights, const TrialState& state) {
  Writer writer;
  for (const Parameter& p : weights.parameters()) writer.add(p.name, p.shape, weights.value(p));
  for (const Parameter& p : weights.states()) writer.add(p.name, p.shape, weights.state(p));
  const std::size_t block = weights.values().size();
  for (std::size_t s = 0; s < state.slot_names.size(); ++s)
    for (const Parameter& p : weights.parameters())
      writer.add(cat("optimizer.", state.slot_names[s], ".", p.name), p.shape, std::span(state.slots).subspan(s * block + p.offset, p.size));
  std::string metadata = "{\"format\":\"lehr 1\"";
  for (const auto& [name, value] : state.counters) metadata += cat(",", json::string(name), ":\"", value, "\"");
  return writer.file(metadata + "}");
}

}  // namespace lehr
