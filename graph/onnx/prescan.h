#pragma once
#include <string_view>

namespace lehr::onnx {

// Refuses by name what is not ONNX at all: empty, compressed, archives, other formats, text. `head`: the first bytes.
void recognise(std::string_view head);

// Walks the protobuf wire format of a ModelProto without building anything. Error where a length leaves its message, a tag is
// impossible, subgraphs nest deeper than 16, there are more than a million nodes, or parsing would take over 1 GiB beyond the file.
void prescan(std::string_view bytes);

}  // namespace lehr::onnx
