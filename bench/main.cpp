// lehr_bench [--markdown] [--kernels=AVX2] [Google Benchmark's options]. --kernels picks the own kernels' instruction set; oneDNN's is
// picked by ONEDNN_MAX_CPU_ISA in the environment.
#include <cstdio>
#include <string_view>

#include "base/error.h"
#include "base/threads.h"
#include "bench/lists.h"
#include "bench/markdown.h"
#include "engine/dnnl/prepared.h"
#include "engine/kernels/targets.h"

using namespace lehr;

namespace {
// Takes our own options out of the command line.
bool take_options(int& argc, char** argv) {
  bool markdown = false;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--markdown")
      markdown = true;
    else if (option.starts_with("--kernels="))
      use_kernel_target(std::string(option.substr(10)));
    else
      argv[kept++] = argv[i];
  }
  argc = kept;
  return markdown;
}

int run(int argc, char** argv) {
  const bool markdown = take_options(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("oneDNN", onednn::version());
  benchmark::AddCustomContext("oneDNN instruction set", onednn::isa());
  benchmark::AddCustomContext("own kernels", kernel_target());
  flush_denormals();
  onednn::set_threads(1);
  bench::register_compile();
  bench::register_kernels();
  bench::register_optimizers();
  bench::Markdown table;
  if (markdown) {
    std::printf("oneDNN %s (%s), own kernels %s\n\n", onednn::version().c_str(), onednn::isa().c_str(), kernel_target().c_str());
    std::fflush(stdout);
    benchmark::RunSpecifiedBenchmarks(&table);
  } else {
    benchmark::RunSpecifiedBenchmarks();
  }
  benchmark::Shutdown();
  return 0;
}
}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
