#!/usr/bin/env bash
# journal.sh BUILD_FOLDER FOLDER - the log of a running server: as JSON after a reload, and where nobody takes it. Files go
# into FOLDER. The last line is "N passed, N failed".
set -uo pipefail
build=$1
folder=$2
mkdir -p "$folder"
passed=0
failed=0
server=
port=$((33600 + RANDOM % 300))
config=$folder/journal.conf

finish() {
    kill ${server:+"$server"} 2>/dev/null
    wait
}
trap finish EXIT

check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "pass: $name"
    else
        failed=$((failed + 1))
        echo "FAIL: $name"
    fi
}

until_true() {
    for _ in $(seq 100); do
        "$@" && return 0
        sleep 0.1
    done 2>/dev/null
    return 1
}

health() {
    "$build/manycast" --config "$config" --health 2>/dev/null
}

write_config() {
    printf '[http]\nport = %s\n[media]\nport = %s\n[ingest]\nports = %s-%s\n[drain]\nseconds = 0\n[log]\nformat = %s\n' \
        "$port" $((port + 500)) $((port + 1000)) $((port + 1040)) "$1" >"$config"
}

lost() {
    [ "$(curl -sf "http://127.0.0.1:$port/metrics" | sed -n 's/^manycast_log_lost_total //p')" -gt 0 ]
}

ends_well() {
    kill -TERM $server
    wait $server
    check "$1" [ $? -eq 0 ]
    server=
}

write_config text
"$build/manycast" --config "$config" >"$folder/out.log" 2>"$folder/journal.log" &
server=$!
check "it starts" until_true health
write_config json
kill -HUP $server
check "a reload makes the log JSON" until_true grep -q \
    '^{"time":"[^"]*","level":"info","area":"main","message":"reloaded"}$' "$folder/journal.log"
ends_well "it ends"
check "each line after the first JSON one is one, too" eval \
    'sed -n "/^{/,\$p" "$folder/journal.log" | python3 -c "import json, sys; [json.loads(line)[\"message\"] for line in sys.stdin]"'

for target in full closed; do
    if [ $target = full ]; then
        "$build/manycast" --config "$config" >"$folder/out.log" 2>/dev/full &
    else
        "$build/manycast" --config "$config" >&- 2>&- &
    fi
    server=$!
    until_true health
    kill -HUP $server
    check "it serves with standard error $target, and counts the lines" until_true lost
    ends_well "and ends as it should"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
