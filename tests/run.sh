#!/usr/bin/env bash
# run.sh - all the tests. Goes on after a failure; the last line is "N passed, N failed", and the exit status
# says whether anything failed. Each step's output is kept in build/logs. FUZZ_SECONDS (5): per target.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=build/logs
rm -rf "$logs"
mkdir -p "$logs"

passed=0
failed=0
failures=()

# run NAME COMMAND... - the output goes to the screen and to a log.
run() {
    local name=$1 began=$SECONDS
    shift
    echo
    echo "=== $name"
    "$@" 2>&1 | tee "$logs/$name.log"
    local status=${PIPESTATUS[0]}
    echo "=== $name: exit status $status, $((SECONDS - began)) s"
    return "$status"
}

pass() {
    passed=$((passed + $1))
}

fail() {
    failed=$((failed + $1))
    failures+=("$2")
}

# step NAME COMMAND... - counts as one.
step() {
    if run "$@"; then
        pass 1
    else
        fail 1 "$1"
    fi
}

# counted NAME COMMAND... - the command's own last line, "N passed, N failed", counts.
counted() {
    local name=$1 status=0 line
    run "$@" || status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$logs/$name.log" | tail -n 1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
        pass "${BASH_REMATCH[1]}"
        [ "${BASH_REMATCH[2]}" -eq 0 ] || fail "${BASH_REMATCH[2]}" "$name: $line"
        [ "$status" -eq 0 ] || [ "${BASH_REMATCH[2]}" -gt 0 ] || fail 1 "$name: exit status $status"
    else
        fail 1 "$name: ended without saying what passed (exit status $status)"
    fi
}

# beside NAME COMMAND... - begins a step that takes what time the next ones leave; awaited counts it, as one.
beside() {
    local name=$1
    shift
    nice -n 19 "$@" >"$logs/$name.log" 2>&1 &
    beside=$!
}

# awaited NAME
awaited() {
    local status=0
    wait "$beside" || status=$?
    echo
    echo "=== $1"
    cat "$logs/$1.log"
    echo "=== $1: exit status $status"
    if [ "$status" -eq 0 ]; then
        pass 1
    else
        fail 1 "$1"
    fi
}

# build PRESET [OPTION...]
build() {
    cmake --preset "$@" >"$logs/configure-$1.log" 2>&1 || {
        cat "$logs/configure-$1.log"
        return 1
    }
    cmake --build --preset "$1" -- --quiet
}

# tests PRESET [OPTION...] - builds the preset and runs its ctest, which counts test by test.
tests() {
    local preset=$1 name=ctest-$1 status=0 line
    run "build-$preset" build "$@" || {
        fail 1 "build-$preset"
        return
    }
    pass 1
    run "$name" "${quiet_memory[@]}" ctest --preset "$preset" || status=$?
    line=$(grep -E 'tests passed, [0-9]+ tests failed out of [0-9]+' "$logs/$name.log" | tail -n 1)
    if [[ $line =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
        local bad=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]} test
        pass $((all - bad))
        while read -r test; do
            fail 1 "$name: $test"
        done < <(sed -n '/^The following tests FAILED:/,/^Errors/s/^[[:space:]]*[0-9]* - //p' "$logs/$name.log")
        [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || fail 1 "$name: exit status $status"
    else
        fail 1 "$name: ctest gave no summary (exit status $status)"
    fi
}

# The thread sanitizer of gcc 12 needs the address layout of before 2024's kernels.
quiet_memory=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
    quiet_memory=(setarch "$(uname -m)" -R)
fi
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export G_SLICE=always-malloc

step format tests/lint.sh format
step build-clang build clang
step cppcheck tests/lint.sh cppcheck
# Debug builds of gcc: with the sanitizers.
tests asan -DMANYCAST_WERROR=ON
# Without ipsec-mb, as on arm64.
tests tsan -DMANYCAST_IPSEC_MB=OFF
# The optimizer sees what a debug build does not.
tests release -DMANYCAST_WERROR=ON
counted fuzz tests/fuzz/run.sh "${FUZZ_SECONDS:-5}"
# Peers wait for each other most of the time.
beside tidy tests/lint.sh tidy
# Everything under sanitizers; what is built to be fast once more with media of real peers.
counted interop timeout 1200 tests/interop/run.sh vp8 h264 trickle audio return publish nothing_left
counted interop-asan env BUILD_FOLDER=build/asan timeout 1200 tests/interop/run.sh
awaited tidy
counted e2e timeout 1800 node tests/e2e/run.mjs
# What the image holds, run as it will be. Building the image takes minutes more: make image-test.
if [ "$(id -u)" -eq 0 ] && ip netns add manycast-ci 2>/dev/null; then
    ip netns del manycast-ci
    counted image deploy/image_test.sh --quick
else
    echo "image: skipped: needs root, iproute2 and network namespaces (make image-test)"
fi

echo
if [ ${#failures[@]} -gt 0 ]; then
    echo "Failed (output in $logs):"
    printf '  %s\n' "${failures[@]}"
fi
echo "All of it took $((SECONDS / 60)) min $((SECONDS % 60)) s."
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
