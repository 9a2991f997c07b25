#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

namespace lehr {

// The bytes of a file, mapped: what is not touched costs no memory. Who holds `owner` may read them. Bytes of a file that is cut short meanwhile are read as
// zeros, which check_mapped() tells.
struct MappedFile {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};
// Error as InputFile says it: naming the path and the system's reason; a folder and what is no regular file are refused.
MappedFile map_file(const std::filesystem::path& path);

// Error (Exit::failed) naming file and byte where bytes of a mapped file were read, in any thread, that the file does not have any more. To be called
// behind every reading and before anything is made of it; it costs a load.
void check_mapped();

// Pages of the mapped file that these bytes lie in are not counted as this process' memory until they are read again. Other bytes are left alone.
void leave_mapped(const void* bytes);

}  // namespace lehr
