#pragma once
#include <benchmark/benchmark.h>

namespace lehr::bench {

// A Markdown table: per benchmark the median and the range of its repetitions, and the medians of its counters.
class Markdown : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
};

}  // namespace lehr::bench
