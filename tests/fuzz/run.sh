#!/usr/bin/env bash
# run.sh [SECONDS] - builds the fuzz targets and runs each for SECONDS (20), starting from its stored seeds.
# New inputs go to build/fuzz/corpus, a crash to build/fuzz/crashes; a fixed crash becomes a seed.
set -uo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-20}

cmake --preset fuzz >/dev/null && cmake --build --preset fuzz || exit 1

# fuzz_one NAME SECONDS
fuzz_one() {
    local name=$1
    local corpus=build/fuzz/corpus/$name log=build/fuzz/$name.log
    mkdir -p "$corpus" build/fuzz/crashes
    if build/fuzz/tests/fuzz/"fuzz_$name" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crashes/$name-" \
        "$corpus" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
        echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, no finding"
    else
        echo "fuzz $name: FAILED"
        tail -n 40 "$log"
        return 1
    fi
}
export -f fuzz_one

passed=0
failed=0
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for source in tests/fuzz/fuzz_*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    echo "${name#fuzz_}"
done | xargs -r -P "$(nproc)" -I{} bash -c \
    'fuzz_one {} '"$seconds"' && : >'"$results"'/{}.passed || : >'"$results"'/{}.failed'
passed=$(find "$results" -name '*.passed' | wc -l)
failed=$(find "$results" -name '*.failed' | wc -l)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
