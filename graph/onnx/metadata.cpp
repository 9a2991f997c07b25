#include "graph/onnx/metadata.h"

#include <google/protobuf/io/coded_stream.h>

namespace lehr::onnx {

namespace {
constexpr int metadata_field = 4, length_delimited = 2;
constexpr const char* kind_key = "pkg.torch.export.graph_signature.InputSpec.kind";
constexpr const char* folded_key = "pkg.onnxscript.optimizer.folded_from";

std::string entry(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto it = metadata.find(key);
  return it == metadata.end() ? std::string() : it->second;
}
}  // namespace

std::map<std::string, std::string> metadata(const ValueInfoProto& info) {
  using google::protobuf::io::CodedInputStream;
  std::map<std::string, std::string> out;
  const std::string bytes = info.SerializeAsString();
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    std::uint32_t length = 0;
    std::string content;
    if ((tag & 7) != length_delimited || !in.ReadVarint32(&length) || !in.ReadString(&content, static_cast<int>(length))) break;  // all fields are such
    ::onnx::StringStringEntryProto pair;
    if (static_cast<int>(tag >> 3) == metadata_field && pair.ParseFromString(content)) out[pair.key()] = pair.value();
  }
  return out;
}

Said said(const std::map<std::string, std::string>& metadata) {
  const std::string kind = entry(metadata, kind_key);
  if (kind == "PARAMETER") return Said::parameter;
  if (kind == "BUFFER" || kind == "CONSTANT_TENSOR") return Said::buffer;
  return metadata.contains(folded_key) ? Said::folded : Said::nothing;
}

std::string folded_from(const std::map<std::string, std::string>& metadata) { return entry(metadata, folded_key); }

}  // namespace lehr::onnx
