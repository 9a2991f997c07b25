#include "tests/house/sources.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "base/text.h"

namespace fs = std::filesystem;

namespace lehr::test {

namespace {
bool is_source(const fs::path& path) {
  const auto e = path.extension();
  return e == ".h" || e == ".cpp" || e == ".inl";
}
}  // namespace

std::vector<std::string> library_folders() {
  static const std::set<std::string> others{"tests", "bench", "build", "runs"};  // beside the library, or not of the tree
  std::set<std::string> out;
  for (auto at = fs::recursive_directory_iterator(source_root); at != fs::recursive_directory_iterator(); ++at) {
    const std::string name = at->path().filename().string();
    if (at->is_directory() && (name.starts_with('.') || (at.depth() == 0 && others.contains(name)))) at.disable_recursion_pending();
    if (at->is_regular_file() && is_source(at->path())) out.insert(fs::relative(at->path().parent_path(), source_root).string());
  }
  return {out.begin(), out.end()};
}

std::vector<fs::path> sources(const std::string& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(source_root / folder))
    if (is_source(entry.path())) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> lines(const fs::path& path) {
  std::vector<std::string> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

const std::map<std::string, std::set<std::string>>& modules() {
  static const auto table = [] {
    std::map<std::string, std::set<std::string>> out;
    const std::string text = join(lines(source_root / "CMakeLists.txt"), "\n");
    const std::regex form(R"((?:^|\n)module\(([^\s)]+)(?:\s+SHARED)?(?:\s+DEPS\s+([^)]*))?\))");
    for (auto at = std::sregex_iterator(text.begin(), text.end(), form); at != std::sregex_iterator(); ++at) {
      std::istringstream words((*at)[2].str());
      std::set<std::string>& deps = out[(*at)[1].str()];
      for (std::string word; words >> word;) deps.insert(word);
    }
    return out;
  }();
  return table;
}

}  // namespace lehr::test
