#pragma once
#include <cstdint>
#include <string_view>

namespace lehr::onnx {

// Refuses by name what is not ONNX at all: empty, compressed, archives, other formats, text. `head`: the first bytes.
void recognise(std::string_view head);

inline constexpr std::uint64_t max_extra_bytes = std::uint64_t{1} << 29;

// Walks the protobuf wire format of a ModelProto without building anything. Error where a length leaves its message, a tag is
// impossible, graphs nest deeper than 16, there are more than 250,000 nodes, or parsing would take over `max_extra` bytes
// of memory beyond the file.
void prescan(std::string_view bytes, std::uint64_t max_extra = max_extra_bytes);

// The same on the first bytes of a file of `size` bytes, as far as they go.
void prescan_head(std::string_view head, std::uint64_t size);

}  // namespace lehr::onnx
