#include "base/processors.h"

#include "base/file.h"
#include "tests/support/catch.h"

using namespace lehr;
namespace fs = std::filesystem;

namespace {
// A system's files, as far as they are asked for.
struct System {
  fs::path root;
  System() {
    std::string form = (fs::temp_directory_path() / "lehr-processors-XXXXXX").string();
    REQUIRE(::mkdtemp(form.data()) != nullptr);
    root = form;
  }
  ~System() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  void file(const std::string& name, const std::string& content) const {
    fs::create_directories((root / name).parent_path());
    write_file_lazily(root / name, content);
  }
  void second(const std::string& group, const std::string& shown = "/") const {
    file("proc/self/cgroup", "0::" + group + "\n");
    file("proc/self/mountinfo", "24 1 0:22 / /proc rw - proc proc rw\n31 24 0:27 " + shown + " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }
  double quota() const { return read_processors(root, {0, 1, 2, 3}).quota; }
};
}  // namespace

TEST_CASE("a control group's quota is the least on the way up, in version 2", "[base]") {
  System s;
  CHECK(s.quota() == 0);
  s.second("/user/job");
  CHECK(s.quota() == 0);
  s.file("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  CHECK(s.quota() == 0);
  s.file("sys/fs/cgroup/user/cpu.max", "150000 100000\n");
  CHECK(s.quota() == 1.5);
  s.file("sys/fs/cgroup/user/job/cpu.max", "50000 100000\n");
  CHECK(s.quota() == 0.5);
  s.file("sys/fs/cgroup/user/job/cpu.max", "300000 100000\n");
  CHECK(s.quota() == 1.5);
  for (const char* strange : {"", "\n", "abc 100000", "1 0", "-1 100000", "nan 1", "100000"}) {
    s.file("sys/fs/cgroup/user/cpu.max", strange);
    INFO(strange);
    CHECK(s.quota() == 3);
  }
}

TEST_CASE("a container sees its own group at the top of the mount", "[base]") {
  System s;
  s.file("sys/fs/cgroup/cpu.max", "200000 100000\n");
  for (const auto& [group, shown] : {std::pair("/", "/"), std::pair("/docker/a1", "/docker/a1"), std::pair("/elsewhere", "/docker/a1"),
                                    std::pair("/../up", "/")}) {
    INFO(group << " " << shown);
    s.second(group, shown);
    CHECK(s.quota() == 2);
  }
}

TEST_CASE("a quota of version 1 stands in two files", "[base]") {
  System s;
  s.file("proc/self/cgroup", "9:name=systemd:/x\n4:cpuacct,cpu:/docker/a1\n3:cpuset:/\n0::/\n");
  s.file("proc/self/mountinfo",
         "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
         "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\nbroken\n");
  s.file("sys/fs/cgroup/cpu,cpuacct/docker/a1/cpu.cfs_period_us", "100000\n");
  s.file("sys/fs/cgroup/cpu,cpuacct/docker/a1/cpu.cfs_quota_us", "-1\n");
  CHECK(s.quota() == 0);
  s.file("sys/fs/cgroup/cpu,cpuacct/docker/a1/cpu.cfs_quota_us", "250000\n");
  CHECK(s.quota() == 2.5);
}

TEST_CASE("processors of one core are one of a team, and quotas round to each use's safe side", "[base]") {
  System s;
  CHECK(read_processors(s.root, {0, 1, 2, 3}).physical == 4);
  for (int cpu = 0; cpu < 4; ++cpu)
    s.file("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", cpu % 2 ? "1,3\n" : "0,2\n");
  CHECK(read_processors(s.root, {0, 1, 2, 3}).physical == 2);
  CHECK(read_processors(s.root, {0, 2}).physical == 1);
  CHECK(read_processors(s.root, {}).team() == 1);
  struct Row {
    double quota;
    std::size_t independent, team;
  };
  for (const Row& row : {Row{0, 4, 2}, Row{0.3, 1, 1}, Row{1, 1, 1}, Row{1.5, 2, 1}, Row{2.5, 3, 2}, Row{3.5, 4, 2}, Row{1e300, 4, 2}}) {
    INFO(row.quota);
    const Processors p{4, 2, row.quota};
    CHECK(p.independent() == row.independent);
    CHECK(p.team() == row.team);
  }
}
