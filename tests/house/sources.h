#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lehr::test {

inline const std::filesystem::path source_root = LEHR_SOURCE_DIR;

// Folders below the root that hold sources of the library (.h, .cpp, .inl directly in them), sub-folders included, as CMake names them: engine/plan.
std::vector<std::string> library_folders();
// The sources directly in a folder, and their lines.
std::vector<std::filesystem::path> sources(const std::string& folder);
std::vector<std::string> lines(const std::filesystem::path& path);

// CMakeLists.txt's module(FOLDER DEPS …) lines: folder -> what it lists.
const std::map<std::string, std::set<std::string>>& modules();

}  // namespace lehr::test
