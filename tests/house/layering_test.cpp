// What includes what. The table is CMakeLists.txt's own: module(FOLDER DEPS …).
#include <algorithm>
#include <functional>
#include <regex>

#include "tests/house/sources.h"
#include "tests/support/catch.h"

namespace fs = std::filesystem;
using namespace lehr::test;

namespace {

// Beginning of a third-party header's name -> the target that brings it: the folders that list the target may see it.
const std::vector<std::pair<std::string, std::string>> third_party = {
    {"dnnl", "DNNL::dnnl"},       {"oneapi/", "DNNL::dnnl"},       {"omp.h", "OpenMP::OpenMP_CXX"},   {"google/", "lehr_onnx_schema"},
    {"onnx/", "lehr_onnx_schema"}, {"yaml-cpp/", "lehr_yaml"},      {"hwy/", "lehr_highway"},          {"muParser", "lehr_muparser"},
    {"Random123/", "lehr_random123"}, {"fmt/", "fmt::fmt"},  {"boost/math", "lehr_math"},
    {"zlib.h", "ZLIB::ZLIB"},     {"CLI/", "lehr_cli11"},          {"nlohmann/", "lehr_json"},
};
// A library has one home; these two serve two folders.
const std::set<std::string> shared_targets = {"lehr_math", "lehr_json"};

struct Include { std::string file, folder, header; bool system; };

const std::vector<Include>& includes() {
  static const auto all = [] {
    std::vector<Include> out;
    const std::regex form(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    for (const std::string& folder : library_folders())
      for (const auto& path : sources(folder))
        for (const std::string& line : lines(path)) {
          std::smatch match;
          if (std::regex_search(line, match, form)) out.push_back({folder + "/" + path.filename().string(), folder, match[2], match[1] == "<"});
        }
    return out;
  }();
  return all;
}

std::string home_of(const std::string& header) { return fs::path(header).parent_path().string(); }
bool lists(const std::string& folder, const std::string& dep) {
  const auto row = modules().find(folder);
  return row != modules().end() && row->second.contains(dep);
}

}  // namespace

TEST_CASE("every folder with sources is a module, and every module such a folder", "[house]") {
  const std::vector<std::string> folders = library_folders();
  CHECK(folders.size() > 10);
  for (const std::string& folder : folders) {
    INFO(folder << " holds sources, but no line module(" << folder << " DEPS …) of CMakeLists.txt names it");
    CHECK(modules().contains(folder));
  }
  for (const auto& [folder, deps] : modules()) {
    INFO("module(" << folder << ")");
    CHECK(std::ranges::find(folders, folder) != folders.end());
  }
}

TEST_CASE("folders include only what their module line lists", "[house]") {
  REQUIRE(includes().size() > 300);
  std::map<std::string, std::set<std::string>> used;
  for (const Include& i : includes()) {
    if (i.system) continue;
    const std::string to = home_of(i.header);
    INFO(i.file << " includes " << i.header << "; module(" << i.folder << " DEPS …) must list " << to);
    CHECK((to == i.folder || to == "base" || lists(i.folder, to)));
    CHECK(fs::exists(source_root / i.header));
    used[i.folder].insert(to);
  }
  for (const auto& [folder, deps] : modules())
    for (const std::string& dep : deps) {
      if (dep == "base" || !modules().contains(dep)) continue;
      INFO("module(" << folder << " DEPS … " << dep << "): nothing there includes it");
      CHECK(used[folder].contains(dep));
    }
}

TEST_CASE("the include graph has no cycle", "[house]") {
  std::map<std::string, std::set<std::string>> edges;
  for (const Include& i : includes())
    if (!i.system && home_of(i.header) != i.folder) edges[i.folder].insert(home_of(i.header));
  std::set<std::string> done;
  std::vector<std::string> path;
  const std::function<void(const std::string&)> visit = [&](const std::string& folder) {
    if (done.contains(folder)) return;
    INFO("cycle through " << folder);
    REQUIRE(std::ranges::find(path, folder) == path.end());
    path.push_back(folder);
    for (const auto& next : edges[folder]) visit(next);
    path.pop_back();
    done.insert(folder);
  };
  for (const auto& [folder, to] : std::map(edges)) visit(folder);
}

TEST_CASE("each third-party header is seen only where its module line lists the library", "[house]") {
  std::set<std::string> met;
  for (const Include& i : includes()) {
    if (!i.system) continue;
    for (const auto& [prefix, target] : third_party)
      if (i.header.starts_with(prefix)) {
        INFO(i.file << " includes <" << i.header << "> of " << target);
        CHECK(lists(i.folder, target));
        met.insert(target);
      }
  }
  for (const auto& [prefix, target] : third_party) {
    INFO(target);
    CHECK(met.contains(target));
    std::vector<std::string> homes;
    for (const auto& [folder, deps] : modules())
      if (deps.contains(target)) homes.push_back(folder);
    CHECK(homes.size() == (shared_targets.contains(target) ? 2 : 1));
  }
}

TEST_CASE("printing is left to reports and commands; the planner names no operator", "[house]") {
  const std::regex prints(R"(\b(std::cout|std::cerr|[^sn]printf\s*\(|fputs\s*\(|puts\s*\())");
  for (const std::string& folder : library_folders()) {
    if (folder == "experiments/report" || folder == "experiments/cli") continue;
    for (const auto& path : sources(folder))
      for (const std::string& line : lines(path)) {
        INFO(path.string() << ": " << line);
        CHECK_FALSE(std::regex_search(line, prints));
        if (folder == "engine/plan" && path.extension() == ".cpp") CHECK(line.find("\"Gemm\"") == std::string::npos);
      }
  }
}
