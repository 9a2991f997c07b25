#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

namespace lehr {

// The bytes of a file, mapped: what is not touched costs no memory. Who holds `owner` may read them; the file must not be cut short meanwhile.
struct MappedFile {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};
// Error naming the path and the system's reason; a folder and what is no regular file are refused.
MappedFile map_file(const std::filesystem::path& path);

}  // namespace lehr
