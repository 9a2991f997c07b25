#include "engine/data/zip.h"

#include <algorithm>

#include "base/error.h"

namespace lehr::zip {

namespace {
constexpr std::uint64_t wide = 0xFFFFFFFF;  // stands for "in the zip64 field"
constexpr std::uint64_t most_members = 65'536;

// Little-endian numbers of an archive; every access is checked.
class Bytes {
 public:
  explicit Bytes(std::string_view all) : all_(all) {}
  std::uint64_t number(std::uint64_t at, std::size_t size) const {
    const std::string_view bytes = part(at, size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
  }
  std::string_view part(std::uint64_t at, std::uint64_t size) const {
    if (at > all_.size() || size > all_.size() - at)
      throw Error("its ZIP directory points to bytes ", at, " to ", static_cast<double>(at) + static_cast<double>(size), " of ", all_.size());
    return all_.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
  }
  std::size_t size() const { return all_.size(); }

 private:
  std::string_view all_;
};

struct Directory {
  std::uint64_t begin = 0, count = 0;
};

Directory directory(const Bytes& in, std::string_view archive) {
  constexpr std::size_t end_size = 22, longest_comment = 65'535;
  const std::size_t tail = archive.size() - std::min(archive.size(), end_size + longest_comment);
  const std::size_t end = archive.rfind("PK\x05\x06");
  if (end == std::string_view::npos || end < tail || archive.size() - end < end_size) throw Error("it is no whole ZIP archive: its directory is missing");
  Directory out{in.number(end + 16, 4), in.number(end + 10, 2)};
  constexpr std::size_t locator_size = 20;
  if (end >= locator_size && archive.substr(end - locator_size, 4) == std::string_view("PK\x06\x07")) {
    const std::uint64_t wider = in.number(end - locator_size + 8, 8);
    if (in.part(wider, 4) != std::string_view("PK\x06\x06")) throw Error("its zip64 directory is missing");
    out = {in.number(wider + 48, 8), in.number(wider + 32, 8)};
  }
  if (out.count > most_members) throw Error("its ZIP directory says it has ", out.count, " members, more than ", most_members);
  return out;
}

// The 8-byte numbers of the zip64 field, for those that are too wide, in this order.
void widen(const Bytes& in, std::uint64_t extra, std::uint64_t size, std::initializer_list<std::uint64_t*> numbers) {
  for (std::uint64_t at = extra; at + 4 <= extra + size;) {
    const std::uint64_t kind = in.number(at, 2), length = in.number(at + 2, 2);
    std::uint64_t from = at + 4;
    at = from + length;
    if (kind != 1) continue;
    for (std::uint64_t* number : numbers) {
      if (*number != wide) continue;
      if (from + 8 > at) throw Error("its zip64 field is too short");
      *number = in.number(from, 8), from += 8;
    }
    return;
  }
}
}  // namespace

bool starts(std::string_view bytes) { return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06"); }

std::vector<Member> members(std::string_view archive) {
  const Bytes in(archive);
  const Directory all = directory(in, archive);
  std::vector<Member> out;
  std::uint64_t at = all.begin;
  for (std::uint64_t i = 0; i < all.count; ++i) {
    if (in.part(at, 4) != std::string_view("PK\x01\x02")) throw Error("its ZIP directory is damaged at byte ", at);
    const std::uint64_t flags = in.number(at + 8, 2), method = in.number(at + 10, 2), name = in.number(at + 28, 2), extra = in.number(at + 30, 2);
    std::uint64_t packed = in.number(at + 20, 4), size = in.number(at + 24, 4), place = in.number(at + 42, 4);
    Member member;
    member.name = in.part(at + 46, name);
    member.check = static_cast<std::uint32_t>(in.number(at + 16, 4));
    widen(in, at + 46 + name, extra, {&size, &packed, &place});
    at += 46 + name + extra + in.number(at + 32, 2);
    within([&] { return cat("member ", quote(member.name)); },
           [&] {
             if (flags & 1) throw Error("it is encrypted");
             if (method != 0 && method != 8) throw Error("it is packed by method ", method, ", which is not read; stored (0) and deflated (8) are");
             if (in.part(place, 4) != std::string_view("PK\x03\x04")) throw Error("it does not lie where the ZIP directory says, at byte ", place);
             member.deflated = method == 8;
             member.packed = in.part(place + 30 + in.number(place + 26, 2) + in.number(place + 28, 2), packed);
             member.size = size;
             if (!member.deflated && size != packed) throw Error("it is stored in ", packed, " bytes and said to have ", size);
           });
    out.push_back(std::move(member));
  }
  return out;
}

}  // namespace lehr::zip
