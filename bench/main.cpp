// lehr_bench [--markdown] [Google Benchmark's options]
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/threads.h"
#include "bench/lists.h"
#include "bench/markdown.h"
#include "engine/dnnl/prepared.h"
#include "engine/kernels/targets.h"

int main(int argc, char** argv) {
  using namespace lehr;
  bool markdown = false;
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--markdown") == 0) {
      markdown = true;
      std::copy(argv + i + 1, argv + argc, argv + i);
      --argc;
    }
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
}
