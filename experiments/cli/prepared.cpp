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
  // Of this model alone: NAME.preprocess.json beside NAME.onnx, NAME.best.onnx; else of all below a folder, up to that of the run.
  const fs::path absolute = fs::absolute(file);
  std::string stem = file.stem().string();
  for (const char* which : {"", ".best", ".average"}) {
    if (!stem.ends_with(which)) continue;
    const auto own = absolute.parent_path() / (stem.substr(0, stem.size() - std::string_view(which).size()) + ".preprocess.json");
    if (fs::exists(own)) return read(own.lexically_proximate(fs::current_path()));
  }
  int above = 1;  // folders to look in beyond the model's own: in a run, all up to the one of its store
  fs::path folder = absolute.parent_path();
  for (int up = 1; up < 16 && folder.has_relative_path(); ++up, folder = folder.parent_path())
    if (fs::exists(folder / "run.db")) above = up;
  folder = absolute.parent_path();
  for (int up = 0; up <= above; ++up, folder = folder.parent_path())
    if (fs::exists(folder / "preprocess.json")) return read((folder / "preprocess.json").lexically_proximate(fs::current_path()));
  return std::nullopt;
}

}  // namespace lehr::cli
