// Whole processes of the program, from exec to exit, run folder written.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "bench/support.h"

extern char** environ;

namespace lehr::bench {

namespace {
void run_process(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int output : {1, 2}) posix_spawn_file_actions_addopen(&files, output, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  if (failed != 0 || waitpid(pid, &status, 0) != pid || status != 0) throw Error(join(arguments, " "), " failed, status ", failed != 0 ? failed : status);
}

void tutorial(benchmark::State& state, const std::vector<std::string>& options) {
  guarded(state, [&] {
    const Scratch folder;
    std::vector<std::string> arguments{
        LEHR_BINARY, "run", std::string(LEHR_SOURCE_DIR) + "/experiments/ionosphere/ionosphere.yaml", "--quiet", "--force", "--out", folder.path("run")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    for ([[maybe_unused]] auto _ : state) run_process(arguments);
  });
}
const std::vector<std::string> all{}, one_epoch{"--seeds", "1", "--only", "time", "--set", "epochs=1"}, one{"--seeds", "1", "--only", "time"},
    ready{"--seeds", "1", "--only", "time", "--dry-run"};
BENCHMARK_CAPTURE(tutorial, all, all)->Name("process/tutorial, 4 variants x 30 seeds")->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(0.2);
BENCHMARK_CAPTURE(tutorial, one, one)->Name("process/tutorial, one training")->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(0.2);
// From exec until everything a first step needs is read, checked and compiled; the step itself takes microseconds.
BENCHMARK_CAPTURE(tutorial, ready, ready)->Name("process/tutorial, ready for the first step")->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(0.2);
// That and nine steps, an evaluation, the run folder written and synchronised with the disk.
BENCHMARK_CAPTURE(tutorial, one_epoch, one_epoch)->Name("process/tutorial, one epoch")->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(0.2);
}  // namespace

}  // namespace lehr::bench
