// The files of a run's folder as a run finds, removes and settles them.
#include "experiments/store/run_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "experiments/report/json_text.h"
#include "experiments/store/run_folder.h"

namespace lehr::store {

namespace fs = std::filesystem;

namespace {
// What a kill left half-written.
bool half_written(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(".") && name.ends_with(".tmp");
}
}  // namespace

bool there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

void remove_half_written(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (half_written(entry.path())) fs::remove(entry.path(), error);
  for (const char* below : {"models", "states"})
    for (auto it = fs::recursive_directory_iterator(folder / below, error); !error && it != fs::recursive_directory_iterator(); it.increment(error))
      if (half_written(it->path())) fs::remove(it->path(), error);
}

void remove_below(const fs::path& folder, const std::string& name) {
  std::error_code error;
  const fs::path top = fs::canonical(folder, error) / "models", file = (top / name).lexically_normal();
  if (const fs::path below = file.lexically_relative(top); error || below.empty() || below == "." || *below.begin() == "..") return;
  if (fs::canonical(file.parent_path(), error) != file.parent_path() || error) return;
  fs::remove(file, error);
  for (fs::path above = file.parent_path(); above != top.parent_path() && ::rmdir(above.c_str()) == 0; above = above.parent_path()) {}
}

bool nothing_in(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool begun = name == Lock::name || name == "run.db-journal" || half_written(entry.path());
    if (begun) continue;
    if (name != Store::file_name) return false;
    try {
      if (Database(entry.path(), Database::Access::read).integer("SELECT count(*) FROM sqlite_master") != 0) return false;
    } catch (const Error&) {
      return false;
    }
  }
  return true;
}

// What a run wrote, and nothing else.
void RunFolder::empty() const {
  std::error_code error;
  std::vector<std::string> models;
  try {
    const auto settings = Store::open(folder_, false).settings();
    if (const auto it = settings.find("models"); it != settings.end())
      models = report::read_json_list(it->second);
  } catch (const std::exception&) {  // a store that cannot be read is replaced all the same; its models stay
  }
  for (const auto& name : models) remove_below(folder_, name);
  if (fs::is_directory(fs::symlink_status(folder_ / "states", error)))
    for (const auto& entry : fs::directory_iterator(folder_ / "states", error))
      if (entry.path().extension() == ".safetensors" || entry.path().extension() == ".f32") fs::remove(entry.path(), error);
  std::vector<fs::path> folders;
  for (auto it = fs::recursive_directory_iterator(folder_ / "models", error); !error && it != fs::recursive_directory_iterator(); it.increment(error))
    if (it->is_directory(error) && !it->is_symlink(error)) folders.push_back(it->path());
  std::ranges::sort(folders, std::greater());
  folders.push_back(folder_ / "models"), folders.push_back(folder_ / "states");
  for (const auto& path : folders) ::rmdir(path.c_str());  // where nothing else lies in it
  for (const char* name : written_files) fs::remove(folder_ / name, error);
  for (const char* name : database_files)
    if (!fs::remove(folder_ / name, error) && error) throw Error("cannot replace the run in ", quote(folder_.string()), ": ", error.message()).code(Exit::failed);
}

// Files that were renamed into place survive a loss of power: a few one by one, many with all else that the file system holds.
void RunFolder::settle() const {
  constexpr std::size_t few = 64;
  const auto at = [](const fs::path& path, const auto& sync) {
    if (const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC); fd >= 0) sync(fd), ::close(fd);
  };
  if (models_.size() > few) return at(folder_, ::syncfs);
  std::set<fs::path> folders{folder_};
  for (const char* name : written_files) at(folder_ / name, ::fdatasync);
  for (const auto& name : models_) {
    const fs::path file = folder_ / "models" / name;
    at(file, ::fdatasync);
    for (fs::path above = file.parent_path(); above != folder_ && above.has_relative_path(); above = above.parent_path()) folders.insert(above);
  }
  for (const fs::path& folder : folders) at(folder, ::fsync);
}

fs::path model_file(const fs::path& given) {
  std::error_code error;
  if (fs::is_regular_file(given, error)) return given;
  fs::path run = given;
  while (!run.empty() && !there(run / Store::file_name) && run.has_relative_path() && run != run.parent_path()) run = run.parent_path();
  if (!there(run / Store::file_name)) return given;
  const std::string trial = given.lexically_relative(run).generic_string();
  const fs::path models = run / "models";
  std::vector<std::string> names;
  for (auto it = fs::recursive_directory_iterator(models, error); !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string name = it->path().lexically_relative(models).generic_string();
    if (!name.ends_with(".onnx") || name.ends_with(".best.onnx") || name.ends_with(".average.onnx")) continue;
    if (name.ends_with("/best.onnx") || name.ends_with("/average.onnx")) continue;  // with external data
    names.push_back(name.ends_with("/last.onnx") ? name.substr(0, name.size() - 10) : name.substr(0, name.size() - 5));
  }
  std::ranges::sort(names);
  const auto file = [&](const std::string& name) {
    const fs::path whole = models / (name + ".onnx");
    return fs::exists(whole) ? whole : models / name / "last.onnx";
  };
  const bool named = trial != "." && !trial.empty();
  if (named && std::ranges::find(names, trial) != names.end()) return file(trial);
  if (!named && names.size() == 1) return file(names.front());
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i) shown.push_back(printable(names[i]));
  const std::string list = cat(join(shown, ", "), names.size() > 8 ? cat(", … ", names.size(), " in all") : "");
  if (named)
    throw Error("the run ", quote(run.string()), " keeps no model of ", quote(trial), names.empty() ? "" : cat(" (it has those of ", list, ")"),
                ": lehr export writes one");
  if (names.empty()) throw Error("the run ", quote(run.string()), " keeps no models: lehr export writes one");
  throw Error("the run ", quote(run.string()), " has the models of ", names.size(), " trials, name one as ", printable((given / names.front()).generic_string()), ": ", list);
}

}  // namespace lehr::store
