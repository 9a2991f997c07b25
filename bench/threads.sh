#!/usr/bin/env bash
# What a second thread brings and costs: seconds of a training with one thread, with two, and with two that wait as libgomp does by itself (300,000 looks);
# on the machine as it is, and beside busy loops of another process. MFLOP: operations of a step, 3 x 2 x weights x batch, as the choice of threads counts them.
#   bench/threads.sh [LEHR] [REPEATS=3] [LOADS="0 1 2"]
# Idle figures are minima, loaded ones medians. Worth nothing while anything else runs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lehr=${1:-$here/build/release/lehr} repeats=${2:-3} loads=${3:-0 1 2}
lehr=$(realpath "$lehr")
work=$(mktemp -d)
loops=()
stop_loops() {
  [ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" 2>/dev/null || true
  loops=()
}
trap 'stop_loops; rm -rf "$work"' EXIT
cd "$work"

# columns hidden… batch epochs
nets=("64 128,128 64 40" "64 256,256 64 40" "128 256,256 96 24" "128 320,320 96 24" "128 384,384 96 16" "256 384,384 96 12" "256 512,512 128 8" "784 512,512 128 6" "784 1024,1024 128 3")

table() {  # columns
  [ -f "t$1.csv" ] || awk -v n="$1" 'BEGIN { srand(1); for (r = 0; r < 4000; ++r) { s = ""; for (c = 0; c < n; ++c) s = s sprintf("%.3f,", rand()); print s "c" int(rand() * 10) } }' >"t$1.csv"
}
seconds() {  # threads → the run's own seconds of training
  "$lehr" run n.yaml --threads "$1" --force --quiet --out out 2>log >said || { cat log >&2; return 1; }
  sed -n 's/^1 run in \([0-9.]*\) s.*/\1/p' said
}
middle() { sort -g | awk -v first="$1" '{ v[NR] = $1 } END { print first ? v[1] : v[int((NR + 1) / 2)] }'; }

printf '%-8s %-18s %6s %9s %9s %9s %10s %10s\n' load net MFLOP one two two/libgomp two:one libgomp:one
for load in $loads; do
  for net in "${nets[@]}"; do
    read -r columns hidden batch epochs <<<"$net"
    table "$columns"
    cat >n.yaml <<EOF
model: {mlp: {hidden: [$hidden]}}
data: {file: t$columns.csv, header: false, target: {column: -1}}
loss: categorical_crossentropy
optimizer: {type: sgd, momentum: 0.9}
lr: 0.01
epochs: $epochs
batch: $batch
EOF
    work_of_step=$(awk -v c="$columns" -v h="$hidden" -v b="$batch" 'BEGIN { n = split(h, l, ","); w = c * l[1]; for (i = 1; i < n; ++i) w += l[i] * l[i + 1]; w += l[n] * 10; printf "%.0f", 6 * w * b / 1e6 }')
    for ((i = 0; i < load; ++i)); do
      (while :; do :; done) &
      loops+=($!)
    done
    : >one; : >two; : >lib
    for ((i = 0; i < repeats; ++i)); do
      seconds 1 >>one
      seconds 2 >>two
      GOMP_SPINCOUNT=300000 seconds 2 >>lib
    done
    stop_loops
    first=$([ "$load" = 0 ] && echo 1 || echo 0)
    a=$(middle "$first" <one) b=$(middle "$first" <two) c=$(middle "$first" <lib)
    awk -v l="$load" -v n="$columns-$hidden-10" -v b="$batch" -v w="$work_of_step" -v x="$a" -v y="$b" -v z="$c" \
      'BEGIN { printf "%-8s %-18s %6s %9.2f %9.2f %9.2f %10.2f %10.2f\n", l, n, w, x, y, z, y / x, z / x }'
  done
done
