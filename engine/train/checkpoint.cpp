#include "engine/train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "engine/data/json.h"

namespace lehr {

namespace {
constexpr std::string_view prefix = "optimizer.";

class Writer {
 public:
  void add(const std::string& name, const Shape& shape, std::span<const float> values) { add(name, "F32", shape, std::as_bytes(values)); }
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

struct Entry {
  std::string name;
  bool wide = false;  // F64, else F32
  Shape shape;
  std::string_view bytes;
};

struct File {
  std::vector<Entry> entries;
  std::map<std::string, std::int64_t> counters;
  std::map<std::string, std::string> notes;
};

Entry entry(const std::string& name, const json::Value& row, std::string_view data) {
  Entry out{name, false, {}, {}};
  const std::string& dtype = row.at("dtype").text();
  if (dtype != "F32" && dtype != "F64") throw Error("its type is ", quote(dtype), ", F32 or F64 was expected");
  out.wide = dtype == "F64";
  for (const auto& dim : row.at("shape").list()) out.shape.push_back(dim.integer());
  const auto& offsets = row.at("data_offsets").list();
  if (offsets.size() != 2) throw Error("data_offsets has ", offsets.size(), " numbers, two were expected");
  const std::int64_t begin = offsets[0].integer(), end = offsets[1].integer();
  const std::int64_t size = elements(out.shape) * (out.wide ? 8 : 4);
  if (begin < 0 || end < begin || end > static_cast<std::int64_t>(data.size()) || end - begin != size)
    throw Error("it lies in bytes ", begin, " to ", end, " of ", data.size(), ", its shape ", cat(out.shape), " takes ", size);
  out.bytes = data.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
  return out;
}

File parse(std::string_view file) {
  std::uint64_t length = 0;
  if (file.size() < 8) throw Error("not a safetensors file: ", file.size(), " bytes");
  for (std::size_t i = 0; i < 8; ++i) length |= std::uint64_t{static_cast<unsigned char>(file[i])} << (8 * i);
  if (length > file.size() - 8) throw Error("not a safetensors file: a header of ", length, " bytes in a file of ", file.size());
  const json::Value header = json::parse(file.substr(8, length));
  const auto* members = std::get_if<json::Members>(&header.is);
  if (!members) throw Error("not a safetensors file: its header is no JSON object");
  File out;
  for (const auto& member : *members) {
    const std::string& name = member.first;
    const json::Value& row = member.second;
    if (name != "__metadata__") {
      out.entries.push_back(within([&] { return cat("tensor ", quote(name)); }, [&] { return entry(name, row, file.substr(8 + length)); }));
      continue;
    }
    const auto* counters = std::get_if<json::Members>(&row.is);
    if (!counters) throw Error("__metadata__ is no JSON object");
    for (const auto& [counter, value] : *counters) {
      std::int64_t number = 0;
      const std::string& text = value.text();
      const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (status == std::errc() && end == text.data() + text.size())
        out.counters[counter] = number;
      else if (counter != "format")
        out.notes[counter] = text;
    }
  }
  return out;
}

void copy(const Entry& e, void* to) { std::ranges::copy(e.bytes, static_cast<char*>(to)); }

void fill(std::vector<Entry>& entries, const Parameter& p, std::span<float> out) {
  const auto found = std::ranges::find(entries, p.name, &Entry::name);
  if (found == entries.end()) throw Error("the saved state has no tensor ", quote(p.name));
  if (found->wide || found->shape != p.shape)
    throw Error("the saved tensor ", quote(p.name), " is ", found->wide ? "F64" : "F32", cat(found->shape), ", the model's is F32", cat(p.shape));
  copy(*found, out.data());
  entries.erase(found);
}
}  // namespace

std::string safetensors(const Weights& weights, const TrialState& state) {
  Writer writer;
  for (const auto& [name, values] : state.scalars) writer.add(cat(prefix, name), values);  // first: eight bytes each
  for (const Parameter& p : weights.parameters()) writer.add(p.name, p.shape, weights.value(p));
  for (const Parameter& p : weights.states()) writer.add(p.name, p.shape, weights.state(p));
  for (const TrialState::Tensor& slot : state.slots) writer.add(cat(prefix, slot.name), slot.shape, slot.values);
  std::string metadata = "{\"format\":\"lehr 1\"";
  for (const auto& [name, value] : state.counters) metadata += cat(",", json::string(name), ":\"", value, "\"");
  for (const auto& [name, text] : state.notes) metadata += cat(",", json::string(name), ":", json::string(text));
  return writer.file(metadata + "}");
}

TrialState read_safetensors(std::string_view file, const Weights& weights) {
  File read = parse(file);
  for (const Parameter& p : weights.parameters()) fill(read.entries, p, weights.value(p));
  for (const Parameter& p : weights.states()) fill(read.entries, p, weights.state(p));
  TrialState out;
  out.counters = std::move(read.counters);
  out.notes = std::move(read.notes);
  for (const Entry& e : read.entries) {
    if (!e.name.starts_with(prefix)) throw Error("the saved tensor ", quote(e.name), " is not of this model");
    const std::string name = e.name.substr(prefix.size());
    const auto count = static_cast<std::size_t>(elements(e.shape));
    if (e.wide) {
      auto& values = out.scalars[name];
      values.resize(count);
      copy(e, values.data());
    } else {
      out.slots.push_back({name, e.shape, std::vector<float>(count)});
      copy(e, out.slots.back().values.data());
    }
  }
  return out;
}

}  // namespace lehr
