#include "base/processors.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "base/text.h"

namespace lehr {

namespace fs = std::filesystem;

std::size_t Processors::independent() const {
  return quota > 0 ? std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(std::min(quota, 1e6))), 1, allowed) : allowed;
}
std::size_t Processors::team() const {
  return quota > 0 ? std::clamp<std::size_t>(static_cast<std::size_t>(std::min(quota, 1e6)), 1, physical) : physical;
}

namespace {
std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> out;
  for (const auto& word : split(line, ' '))
    if (!word.empty()) out.emplace_back(word);
  return out;
}

// The number a text is, 0 for any other text ("max", "-1" counts as a limit of none by its sign).
double positive(const std::string& text) {
  double v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  return error == std::errc() && end == text.data() + text.size() && v > 0 ? v : 0;
}

double ratio(const std::string& time, const std::string& period) { return positive(period) > 0 ? positive(time) / positive(period) : 0; }

// Processors that one group of either version grants, 0 for no limit.
double granted(const fs::path& group, bool second) {
  const auto first = [&](const char* file) {
    const auto lines = lines_of(group / file);
    return lines.empty() ? std::vector<std::string>() : words_of(lines.front());
  };
  if (second) {
    const auto words = first("cpu.max");
    return words.size() == 2 ? ratio(words[0], words[1]) : 0;
  }
  const auto time = first("cpu.cfs_quota_us"), period = first("cpu.cfs_period_us");
  return time.size() == 1 && period.size() == 1 ? ratio(time[0], period[0]) : 0;
}

bool lists(const std::string& names, std::string_view name) { return std::ranges::any_of(split(names, ','), [&](auto one) { return one == name; }); }

// The least that the groups of this process grant.
double read_quota(const fs::path& root) {
  double least = 0;
  const auto mounts = lines_of(root / "proc/self/mountinfo");
  for (const std::string& line : lines_of(root / "proc/self/cgroup")) {
    const auto first = line.find(':'), next = line.find(':', first + 1);
    if (first == std::string::npos || next == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, next - first - 1), path = line.substr(next + 1);
    const bool second = controllers.empty();
    if (!second && !lists(controllers, "cpu")) continue;
    for (const std::string& mount : mounts) {
      const auto words = words_of(mount);  // number, parent, device, root, mount point, options, …, "-", type, source, options
      const auto dash = std::ranges::find(words, "-");
      if (words.size() < 6 || words.end() - dash < 4 || dash[1] != (second ? "cgroup2" : "cgroup") || (!second && !lists(dash[3], "cpu"))) continue;
      // Where the mount shows a part of the tree, the path is taken from there; a path outside of it is not to be seen.
      fs::path below = fs::path(path).lexically_relative(words[3]);
      if (below.empty() || *below.begin() == "..") below = ".";
      const fs::path top = root / fs::path(words[4]).relative_path();
      for (fs::path group = (top / below).lexically_normal();; group = group.parent_path()) {
        const double here = granted(group, second);
        if (here > 0 && (least == 0 || here < least)) least = here;
        const fs::path up = group.lexically_relative(top);
        if (up.empty() || up == "." || *up.begin() == ".." || !group.has_relative_path()) break;
      }
    }
  }
  return least;
}

std::size_t read_cores(const fs::path& root, const std::vector<int>& cpus) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const auto siblings = lines_of(root / cat("sys/devices/system/cpu/cpu", cpu, "/topology/thread_siblings_list"));
    cores.insert(siblings.empty() || siblings.front().empty() ? cat("cpu", cpu) : siblings.front());
  }
  return cores.size();
}

std::vector<int> affinity() {
  std::vector<int> out;
  for (int most = CPU_SETSIZE; most <= 1 << 20 && out.empty(); most *= 4) {  // a kernel for more processors refuses a smaller mask
    std::vector<cpu_set_t> sets(static_cast<std::size_t>(most / CPU_SETSIZE));
    const std::size_t bytes = sets.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, sets.data()) != 0) continue;
    for (int cpu = 0; cpu < most; ++cpu)
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, sets.data())) out.push_back(cpu);
  }
  if (out.empty())
    for (unsigned cpu = 0; cpu < std::max(1u, std::thread::hardware_concurrency()); ++cpu) out.push_back(static_cast<int>(cpu));
  return out;
}
}  // namespace

Processors read_processors(const fs::path& root, const std::vector<int>& cpus) {
  return {std::max<std::size_t>(1, cpus.size()), std::max<std::size_t>(1, read_cores(root, cpus)), read_quota(root)};
}

const Processors& processors() {
  static const Processors mine = read_processors("/", affinity());
  return mine;
}

}  // namespace lehr
