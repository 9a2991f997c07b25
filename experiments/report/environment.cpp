#include "experiments/report/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/threads.h"

namespace lehr::report {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

namespace {
// The value after "key : value" or KEY="value" in a small system file, "" if there is none.
std::string field(const char* file, std::string_view key, char separator) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key))
      if (const auto at = line.find(separator); at != std::string::npos) {
        std::string value(trim(std::string_view(line).substr(at + 1)));
        std::erase(value, '"');
        return value;
      }
  return {};
}
}  // namespace

Machine this_machine() {
  Machine m;
  m.cpu = field("/proc/cpuinfo", "model name", ':');
  utsname name{};
  ::uname(&name);
  const std::string distribution = field("/etc/os-release", "PRETTY_NAME", '=');
  m.system = cat(name.sysname, " ", name.release, distribution.empty() ? "" : ", " + distribution);
  m.compiler = "g++ " __VERSION__;
  m.cores = cores();
  m.memory_mib = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) / 1024 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
  return m;
}

std::string environment_json(const RunInfo& info) {
  const Machine m = this_machine();
  nlohmann::ordered_json j;
  j["lehr"] = LEHR_VERSION;
  j["onednn"] = {{"version", info.onednn}, {"isa", info.isa}};
  j["threads"] = info.threads;
  j["jobs"] = info.jobs;
  j["cpu"] = m.cpu;
  j["cores"] = m.cores;
  j["memory_mib"] = m.memory_mib;
  j["system"] = m.system;
  j["compiler"] = m.compiler;
  return j.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lehr::report
