#include "engine/data/array.h"

#include <zlib.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/memory.h"
#include "engine/data/idx.h"
#include "engine/data/inflate.h"
#include "engine/data/mapped.h"
#include "engine/data/npy.h"
#include "engine/data/safetensors.h"
#include "engine/data/zip.h"

namespace lehr {

namespace {
namespace fs = std::filesystem;
using Buffer = std::vector<std::byte>;

// One kind of file that holds one array behind a header: the first `prefix` bytes tell how long the header is.
struct Format {
  bool (*starts)(std::string_view);
  std::size_t prefix;
  std::size_t (*header_bytes)(std::string_view first);
  ArrayHeader (*parse)(std::string_view header);
};
constexpr Format formats[] = {{npy::starts, npy::prefix, npy::header_bytes, npy::parse_header},
                              {idx::starts, idx::prefix, idx::header_bytes, idx::parse_header}};

const Format& format_of(std::string_view first) {
  for (const Format& format : formats)
    if (format.starts(first)) return format;
  throw Error(first.empty() ? "it is empty" : "it is no array: .npy, .npz, IDX and .safetensors are read");
}

void check_size(const ArrayHeader& h, double expected, double found) {
  if (expected == found) return;
  throw Error("its header says ", text({h.dtype, h.shape}), ", which takes ", grouped(static_cast<long long>(expected)), " bytes; behind it there are ",
              grouped(static_cast<long long>(std::max(0.0, found))));
}

// Big-endian values turned.
void turn(std::span<std::byte> values, std::size_t size) {
  for (std::size_t at = 0; at + size <= values.size(); at += size)
    std::reverse(values.begin() + static_cast<std::ptrdiff_t>(at), values.begin() + static_cast<std::ptrdiff_t>(at + size));
}

void hold(ArrayData& out, Buffer values) {
  const auto held = std::make_shared<const Buffer>(std::move(values));
  out.owner = held, out.bytes = {reinterpret_cast<const char*>(held->data()), held->size()};
}

ArrayData of_header(const ArrayHeader& h) {
  ArrayData out;
  out.dtype = h.dtype, out.shape = h.shape;
  return out;
}

// As the bytes lie in a file that is mapped.
ArrayData of_bytes(std::string_view bytes, std::shared_ptr<const void> owner) {
  const Format& format = format_of(bytes);
  const std::size_t length = format.header_bytes(bytes);
  if (length > bytes.size()) throw Error("its header takes ", length, " bytes, the file has ", bytes.size());
  const ArrayHeader h = format.parse(bytes.substr(0, length));
  const std::size_t size = value_bytes(h);
  check_size(h, static_cast<double>(size), static_cast<double>(bytes.size() - length));
  ArrayData out = of_header(h);
  out.bytes = bytes.substr(length), out.owner = std::move(owner);
  if (!h.big_endian) return out;
  check_memory(static_cast<double>(size), cat("an array ", text({h.dtype, h.shape}), " of the other byte order"));
  Buffer turned(size);
  std::ranges::copy(std::as_bytes(std::span(out.bytes)), turned.begin());
  turn(turned, lehr::bytes(h.dtype));
  hold(out, std::move(turned));
  return out;
}

// Unpacked into memory: what the header says is checked against what the packed bytes can give before it is taken. `said`: the size an archive says.
ArrayData of_packed(std::string_view packed, InflateStream::Form form, std::optional<std::uint64_t> said, std::optional<std::uint32_t> check) {
  InflateStream in(packed, form);
  const auto read = [&in](std::span<std::byte> to) { return in.read({reinterpret_cast<char*>(to.data()), to.size()}); };
  Buffer first(std::max(npy::prefix, idx::prefix));
  first.resize(read(first));
  const auto view = [](const Buffer& b) { return std::string_view(reinterpret_cast<const char*>(b.data()), b.size()); };
  const Format& format = format_of(view(first));
  const std::size_t length = format.header_bytes(view(first)), had = first.size();
  if (length > had) {
    first.resize(length);
    first.resize(had + read(std::span(first).subspan(had)));
  }
  if (length > first.size()) throw Error("its header takes ", length, " bytes, unpacked it has ", first.size());
  const ArrayHeader h = format.parse(view(first).substr(0, length));
  const std::size_t size = value_bytes(h);
  if (said) check_size(h, static_cast<double>(size), static_cast<double>(*said) - static_cast<double>(length));
  if (static_cast<double>(size) > InflateStream::most(packed.size()))
    throw Error("its header says ", text({h.dtype, h.shape}), ", which takes ", grouped(static_cast<long long>(size)), " bytes; ",
                grouped(static_cast<long long>(packed.size())), " packed bytes cannot give so many");
  check_memory(static_cast<double>(size), cat("the unpacked array ", text({h.dtype, h.shape})));
  Buffer values(size);
  const std::size_t over = std::min(first.size() - length, size);  // read with the header
  std::copy_n(first.begin() + static_cast<std::ptrdiff_t>(length), over, values.begin());
  std::size_t found = over + read(std::span(values).subspan(over));
  if (std::byte more[1]; found == size) found += first.size() - length - over + read(more);
  if (found > size)
    throw Error("its header says ", text({h.dtype, h.shape}), ", which takes ", grouped(static_cast<long long>(size)), " bytes; unpacked there are more");
  check_size(h, static_cast<double>(size), static_cast<double>(found));
  if (check) {
    uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(first.data()), length);
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(values.data()), values.size());
    if (crc != *check) throw Error("its bytes are damaged: their CRC-32 is not the archive's");
  }
  if (h.big_endian) turn(values, lehr::bytes(h.dtype));
  ArrayData out = of_header(h);
  hold(out, std::move(values));
  return out;
}

// The arrays of an archive, by name.
struct Listed {
  std::string name;
  std::function<ArrayData()> read;
};

std::vector<Listed> of_zip(const MappedFile& file) {
  std::vector<Listed> out;
  constexpr std::string_view ending = ".npy";
  for (const zip::Member& member : zip::members(file.bytes)) {
    if (!member.name.ends_with(ending)) {
      if (member.name.ends_with("data.pkl"))
        throw Error("it is a file of PyTorch (a pickle), which is not read: save its tensors as numpy.savez(…, name=tensor.numpy())");
      continue;
    }
    out.push_back({member.name.substr(0, member.name.size() - ending.size()), [member, owner = file.owner] {
                     if (!member.deflated) return of_bytes(member.packed, owner);
                     return of_packed(member.packed, InflateStream::Form::deflate, member.size, member.check);
                   }});
  }
  return out;
}

std::vector<Listed> of_safetensors(const MappedFile& file) {
  std::vector<Listed> out;
  for (const auto& entry : parse_safetensors(file.bytes).entries)
    out.push_back({entry.name, [entry, owner = file.owner] {
                     ArrayHeader h;
                     h.dtype = entry.dtype, h.shape = entry.shape;
                     value_bytes(h);
                     ArrayData array = of_header(h);
                     array.bytes = entry.bytes, array.owner = owner;
                     return array;
                   }});
  return out;
}

bool ends(const fs::path& path, std::string_view ending) { return lower(path.filename().string()).ends_with(ending); }
bool is_safetensors(const fs::path& path) { return ends(path, ".safetensors"); }

// The arrays of a file that names them; nothing where it is one array.
std::optional<std::vector<Listed>> listed(const fs::path& path, const MappedFile& file) {
  if (is_safetensors(path)) return of_safetensors(file);
  if (zip::starts(file.bytes)) return of_zip(file);
  return std::nullopt;
}

ArrayData one_of(const ArrayName& name, const std::vector<Listed>& arrays) {
  std::vector<std::string> names;
  for (const Listed& array : arrays) names.push_back(array.name);
  if (arrays.empty()) throw Error("it holds no array");
  if (name.member.empty() && arrays.size() > 1)
    throw Error("it holds ", arrays.size(), " arrays, name one as ", quote(cat(name.file.filename().string(), ":", names.front())), ": ",
                printable(join(names, ", ")));
  const auto at = name.member.empty() ? names.begin() : std::ranges::find(names, name.member);
  if (at == names.end()) throw Error("it has no array ", quote(name.member), did_you_mean(name.member, names), " (it has ", printable(join(names, ", ")), ")");
  const Listed& array = arrays[static_cast<std::size_t>(at - names.begin())];
  return arrays.size() == 1 ? array.read() : within([&] { return cat("array ", quote(array.name)); }, array.read);
}
}  // namespace

std::size_t value_bytes(const ArrayHeader& header) {
  if (header.shape.size() > most_dimensions) throw Error("its shape has ", header.shape.size(), " dimensions, more than ", most_dimensions);
  return static_cast<std::size_t>(elements(header.shape)) * bytes(header.dtype);
}

ArrayName array_name(const fs::path& named) {
  const std::string text = named.string();
  for (const std::string_view ending : {".npz:", ".safetensors:"})
    if (const auto at = lower(text).find(ending); at != std::string::npos) return {text.substr(0, at + ending.size() - 1), text.substr(at + ending.size())};
  return {named, {}};
}

ArrayData read_array(const fs::path& named) {
  const ArrayName name = array_name(named);
  const MappedFile file = map_file(name.file);
  ArrayData out = within([&] { return quote(name.file.string()); },
                         [&] {
                           if (const auto arrays = listed(name.file, file)) return one_of(name, *arrays);
                           if (is_gzip(file.bytes)) return of_packed(file.bytes, InflateStream::Form::gzip, {}, {});
                           return of_bytes(file.bytes, file.owner);
                         });
  check_mapped();
  out.source = name.file.filename().string() + (name.member.empty() ? "" : ":" + name.member);
  return out;
}

std::vector<fs::path> arrays_in(const fs::path& path) {
  const MappedFile file = map_file(path);
  const auto arrays = within([&] { return quote(path.string()); }, [&] { return listed(path, file); });
  if (!arrays) return {path};
  std::vector<fs::path> out;
  for (const Listed& array : *arrays) out.push_back(path.string() + ":" + array.name);
  return out;
}

bool is_array_file(const fs::path& file) {
  const std::string name = lower(array_name(file).file.filename().string());
  for (const std::string_view ending : {".npy", ".npy.gz", ".npz", ".safetensors", ".idx", ".idx.gz", "-ubyte", "-ubyte.gz"})
    if (name.ends_with(ending)) return true;
  return false;
}

}  // namespace lehr
