#include "experiments/cli/prepared.h"

#include "base/error.h"
#include "base/file.h"

namespace lehr::cli {

namespace fs = std::filesystem;

std::optional<PreparedBy> find_preprocess(const fs::path& file, const onnx::Model& model, const std::string& named) {
  const auto read = [](const fs::path& path) {
    return PreparedBy{within(printable(path.string()), [&] { return Preprocess::parse(read_file(path)); }), path.string()};
  };
  if (!named.empty()) return read(named);
  if (!model.front.empty()) return PreparedBy{within(printable(file.string()), [&] { return Preprocess::parse(model.front); }), file.string()};
  const fs::path folder = file.parent_path();
  for (const auto& path : {folder / "preprocess.json", fs::absolute(file).parent_path().parent_path() / "preprocess.json"})
    if (fs::exists(path)) return read(path.lexically_proximate(fs::current_path()));
  return std::nullopt;
}

}  // namespace lehr::cli
