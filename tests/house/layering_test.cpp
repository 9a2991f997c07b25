#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include "base/text.h"
#include "tests/support/catch.h"

namespace fs = std::filesystem;
using namespace lehr;

namespace {
const fs::path root = LEHR_SOURCE_DIR;

// Which folder may include which; each may include itself and base.
const std::map<std::string, std::set<std::string>> allowed = {
    {"base", {}},
    {"graph", {}},
    {"graph/traits", {"graph"}},
    {"graph/onnx", {"graph"}},
    {"graph/passes", {"graph", "graph/traits"}},
    {"schedules", {}},
    {"engine/kernels", {}},
    {"engine/dnnl", {}},
    {"engine/plan", {"graph"}},
    {"engine/ops", {"graph", "engine/plan", "engine/kernels", "engine/dnnl"}},
    {"engine/optim", {"engine/kernels", "schedules"}},
    {"engine/data", {}},
    {"engine/metrics", {}},
    {"engine/train", {"graph", "graph/traits", "engine/plan", "engine/dnnl", "engine/optim", "engine/data", "engine/metrics", "schedules"}},
    {"experiments/spec", {"schedules"}},
    {"experiments/report", {"engine/train", "engine/metrics"}},
    {"experiments/run",
     {"graph", "graph/traits", "graph/onnx", "graph/passes", "schedules", "engine/plan", "engine/ops", "engine/dnnl", "engine/optim", "engine/data", "engine/metrics",
      "engine/train", "experiments/spec", "experiments/report"}},
    {"experiments/cli",
     {"graph", "graph/traits", "graph/onnx", "graph/passes", "schedules", "engine/plan", "engine/ops", "engine/dnnl", "engine/kernels", "engine/optim", "engine/data", "engine/metrics",
      "engine/train", "experiments/spec", "experiments/report", "experiments/run"}},
};

// Beginning of a third-party header's name -> the folders that may see it.
const std::vector<std::pair<std::string, std::set<std::string>>> homes = {
    {"dnnl", {"engine/dnnl"}},   {"oneapi/", {"engine/dnnl"}}, {"omp.h", {"engine/dnnl"}},
    {"google/", {"graph/onnx"}}, {"onnx/", {"graph/onnx"}},    {"yaml-cpp/", {"experiments/spec"}},
    {"hwy/", {"engine/kernels"}}, {"muParser", {"schedules"}}, {"Random123/", {"base"}},
    {"fmt/", {"base"}},          {"boost/crc", {"base"}},      {"boost/math", {"engine/metrics", "experiments/report"}},
    {"zlib.h", {"engine/data"}}, {"CLI/", {"experiments/cli"}}, {"nlohmann/", {"experiments/spec", "experiments/report"}},
};

struct Include { std::string file, folder, header; bool system; };

std::vector<fs::path> sources(const std::string& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(root / folder))
    if (const auto e = entry.path().extension(); e == ".h" || e == ".cpp" || e == ".inl") out.push_back(entry.path());
  return out;
}

std::vector<Include> includes() {
  std::vector<Include> out;
  const std::regex form(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  for (const auto& [folder, may] : allowed)
    for (const auto& path : sources(folder)) {
      std::ifstream in(path);
      for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (std::regex_search(line, match, form)) out.push_back({folder + "/" + path.filename().string(), folder, match[2], match[1] == "<"});
      }
    }
  return out;
}

std::string home_of(const std::string& header) { return fs::path(header).parent_path().string(); }
}  // namespace

TEST_CASE("folders include only what lies below them", "[house]") {
  const auto all = includes();
  REQUIRE(all.size() > 300);
  for (const Include& i : all) {
    if (i.system) continue;
    const std::string to = home_of(i.header);
    INFO(i.file << " includes " << i.header);
    CHECK((to == i.folder || to == "base" || allowed.at(i.folder).contains(to)));
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

TEST_CASE("each third-party header is seen in its one folder", "[house]") {
  std::set<std::string> met;
  for (const Include& i : includes()) {
    if (!i.system) continue;
    for (const auto& [prefix, folders] : homes)
      if (i.header.starts_with(prefix)) {
        INFO(i.file << " includes <" << i.header << ">");
        CHECK(folders.contains(i.folder));
        met.insert(prefix);
      }
  }
  CHECK(met.size() >= 12);  // the table is about headers that exist
}

TEST_CASE("printing is left to reports and commands; the planner names no operator", "[house]") {
  const std::regex prints(R"(\b(std::cout|std::cerr|[^sn]printf\s*\(|fputs\s*\(|puts\s*\())");
  for (const auto& [folder, may] : allowed) {
    if (folder == "experiments/report" || folder == "experiments/cli") continue;
    for (const auto& path : sources(folder)) {
      std::ifstream in(path);
      for (std::string line; std::getline(in, line);) {
        INFO(path.string() << ": " << line);
        CHECK_FALSE(std::regex_search(line, prints));
        if (folder == "engine/plan" && path.extension() == ".cpp") CHECK(line.find("\"Gemm\"") == std::string::npos);
      }
    }
  }
}
