// Reading a table of 1,000,000 rows and 11 columns.
#include <cstdio>

#include "base/file.h"
#include "base/rng.h"
#include "bench/support.h"
#include "engine/data/preprocess.h"

namespace lehr::bench {

namespace {
constexpr std::int64_t rows = 1'000'000;

// Ten numbers of six decimals and a class name.
std::string table() {
  Random random(3, Stream::data);
  std::string out = "a,b,c,d,e,f,g,h,i,j,class\n";
  char cell[32];
  for (std::int64_t r = 0; r < rows; ++r) {
    for (int c = 0; c < 10; ++c) out.append(cell, static_cast<std::size_t>(std::snprintf(cell, sizeof cell, "%.6f,", 2 * random.uniform() - 1)));
    out += random.bits() & 1 ? "yes\n" : "no\n";
  }
  return out;
}

void read_table(benchmark::State& state, bool to_dataset) {
  guarded(state, [&] {
    const Scratch folder;
    const std::string path = folder.path("table.csv"), content = table();
    write_file_lazily(path, content);
    TableSpec spec;
    spec.targets = {"class"}, spec.classify = true, spec.every.scale = ColumnRule::Scale::standard;
    SplitOptions split;
    split.validation = 0.2;
    for ([[maybe_unused]] auto _ : state) {
      const CsvTable csv = read_csv(path);
      if (csv.rows != rows || csv.columns.size() != 11) throw Error("the table was misread");
      if (to_dataset) benchmark::DoNotOptimize(prepare_data(csv, spec, split));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
    state.counters["rows/s"] = benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate);
  });
}
BENCHMARK_CAPTURE(read_table, columns, false)->Name("csv/1,000,000 x 11, to columns")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(read_table, dataset, true)->Name("csv/1,000,000 x 11, to scaled and split rows")->Unit(benchmark::kMillisecond)->UseRealTime();
}  // namespace

}  // namespace lehr::bench
