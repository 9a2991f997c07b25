#!/usr/bin/env bash
# Every measurement, one after another, as Markdown on standard output. Wants a machine that does nothing else.
#   bench/run.sh [FILTER]      FILTER: a regular expression over the names of the benchmarks; without it everything
#   LEHR_BENCH=PATH            a lehr_bench built already; otherwise ./dev builds one
#   LEHR_REPETITIONS=N         of the slower benchmarks (5); the kernels' run 3 times
#   LEHR_LIMIT=FILE.cpp        the tutorial as one specialised program: compiled, and timed in turn with ours on one core
#   LEHR_PEERS=DIR LEHR_PEERS_PYTHON=PYTHON   the same jobs in other frameworks: bench/peers/README.md
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
filter=${1:-}
repetitions=${LEHR_REPETITIONS:-5}
bench=${LEHR_BENCH:-}
if [ -z "$bench" ]; then
  ./dev bench --benchmark_list_tests=true >/dev/null
  bench=${LEHR_BUILD:-build/bench}/bench/lehr_bench
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cpu() { awk -F': ' '/^model name/ {print $2; exit}' /proc/cpuinfo; }
governor() { cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor 2>/dev/null || echo unknown; }

# table REPETITIONS FILTER: one run of lehr_bench, without the line about oneDNN (it is in the heading).
table() { "$bench" --markdown --benchmark_repetitions="$1" --benchmark_filter="$2" 2>/dev/null | sed '1,2d'; }

# pairs TIMES UNIT OURS THEIRS: reads "ours theirs" a line, prints medians, spreads and the ratio's as a row.
summary() {
  awk -v name="$1" -v unit="$2" '
    function sort(a, n,  i, j, t) { for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j-1] > a[j]; j--) { t = a[j]; a[j] = a[j-1]; a[j-1] = t } }
    function middle(a, n) { sort(a, n); return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2 }
    { o[NR] = $1; t[NR] = $2; r[NR] = $1 / $2 }
    END {
      mo = middle(o, NR); mt = middle(t, NR); mr = middle(r, NR)
      printf "| %s | %.4g (%.4g..%.4g) %s | %.4g (%.4g..%.4g) %s | %.3f (%.3f..%.3f) |\n", name, mo, o[1], o[NR], unit, mt, t[1], t[NR], unit, mr, r[1], r[NR]
    }'
}

tutorial_ms() { taskset -c 0 "$bench" --benchmark_filter='^job/tutorial$' --benchmark_format=csv 2>/dev/null | awk -F, '/^"job\/tutorial"/ {print $3}'; }

limit() {
  g++ -O3 -march=native -ffast-math -o "$work/limit" "$LEHR_LIMIT"
  printf '\n## The tutorial beside one specialised program (a training, one core, in turn)\n\n'
  printf '| | Lehr | specialised program | ratio |\n|---|---|---|---|\n'
  local i
  for i in 1 2 3 4 5; do
    printf '%s %s\n' "$(tutorial_ms)" "$(taskset -c 0 "$work/limit" experiments/ionosphere/ionosphere.csv 300 | sed -n 's/.*  \([0-9.]*\) ms a run.*/\1/p')"
  done | summary 'training, evaluation each epoch' ms
}

peers() {
  printf '\n## The 784-512-512-10 network in another framework\n\n| script | threads | us a step |\n|---|---|---|\n'
  local threads idiom
  for threads in 1 2; do
    for idiom in eager fused manual; do
      "$LEHR_PEERS_PYTHON" "$LEHR_PEERS/peer_torch.py" J3 --idiom "$idiom" --threads "$threads" --reps "$repetitions" 2>/dev/null |
        sed -n 's/.*"us_per_step": *\([0-9.]*\).*/\1/p' | while read -r us; do printf '| peer_torch.py %s | %s | %s |\n' "$idiom" "$threads" "$us"; done
    done
  done
}

printf '# Measurements\n\n%s, %s cores, governor %s; %s; %s.\n' "$(cpu)" "$(nproc)" "$(governor)" \
  "$("$bench" --markdown --benchmark_filter='^none$' 2>/dev/null | sed -n 1p)" "$(date -u +%Y-%m-%d)"
printf 'Load when started: %s. Median and range of %s repetitions.\n\n' "$(cut -d' ' -f1-3 /proc/loadavg)" "$repetitions"
if [ -n "$filter" ]; then
  table "$repetitions" "$filter"
else
  printf '## Trainings, processes, steps, tables\n\n'
  table "$repetitions" '^(job|process|step|csv)/'
  printf '\n## Compiling\n\n'
  table "$repetitions" '^compile/'
  printf '\n'
  ONEDNN_PRIMITIVE_CACHE_CAPACITY=0 table "$repetitions" '^compile/'
  printf '\n## Where a step goes\n\n'
  table 1 '^profile/'
  printf '\n## Kernels, optimizers, schedules\n\n'
  table 3 '^(product|kernel|activation|optimizer|schedule)/'
fi
if [ -n "${LEHR_LIMIT:-}" ]; then limit; fi
if [ -n "${LEHR_PEERS:-}" ] && [ -n "${LEHR_PEERS_PYTHON:-}" ]; then peers; fi
