#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::zip {

// A member of a ZIP archive (APPNOTE 6.3, with zip64): its packed bytes lie in the archive.
struct Member {
  std::string name;
  bool deflated = false;  // else stored as it is
  std::string_view packed;
  std::uint64_t size = 0;   // unpacked
  std::uint32_t check = 0;  // CRC-32 of the unpacked bytes
};

bool starts(std::string_view bytes);
// In the order of the directory. Error: no directory, a member that lies outside of the archive, is encrypted, split or packed in another way.
std::vector<Member> members(std::string_view archive);

}  // namespace lehr::zip
