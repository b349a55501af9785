#!/usr/bin/env bash
# monitor.sh [ROOMS] [SECONDS] - what the audio monitor costs: ROOMS (50) broadcasters of sound by manycast-publish
# (48 kHz stereo Opus, 64 kbit/s), and the CPU time of the monitor's thread and of ingest's over SECONDS (20).
# BUILD_FOLDER: the build folder. Wants `make build`.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD_FOLDER:-build/release}
rooms=${1:-50}
seconds=${2:-20}
port=$((20000 + RANDOM % 10000))
folder=build/bench-monitor
mkdir -p "$folder"
children=()

finish() {
    kill "${children[@]}" 2>/dev/null || true
    wait
}
trap finish EXIT

"$build/manycast" --http-port $port --media-port $((port + 1)) --drain-seconds 0 \
    --ingest-ports $((port + 2))-$((port + 2 + 2 * rooms)) >"$folder/server.log" 2>&1 &
server=$!
children+=("$server")
for room in $(seq "$rooms"); do
    "$build/manycast-publish" --no-video "http://127.0.0.1:$port/whip/$room" >"$folder/publish.log" 2>&1 &
    children+=("$!")
done

heard() {
    curl -sf "http://127.0.0.1:$port/api/rooms" | grep -o '"state":"ok"' | wc -l
}

for _ in $(seq 300); do
    [ "$(heard || true)" != "$rooms" ] || break
    sleep 0.1
done
[ "$(heard)" = "$rooms" ] || {
    echo "monitor.sh: only $(heard) of $rooms rooms are heard; see $folder/server.log" >&2
    exit 1
}

# cpu_ns THREAD - its time on a CPU so far.
cpu_ns() {
    local task
    for task in "/proc/$server/task/"*; do
        [ "$(<"$task/comm")" != "$1" ] || cut -d ' ' -f 1 "$task/schedstat"
    done
}

counter() {
    curl -sf "http://127.0.0.1:$port/metrics" | sed -n "s/^manycast_$1_total //p"
}

declare -A before
for thread in monitor ingest; do
    before[$thread]=$(cpu_ns $thread)
done
packets=$(counter monitor_packets)
sleep "$seconds"
packets=$(($(counter monitor_packets) - packets))
for thread in monitor ingest; do
    awk -v name=$thread -v ns=$(($(cpu_ns $thread) - before[$thread])) -v s="$seconds" -v rooms="$rooms" -v packets=$packets \
        'BEGIN { printf "%s: %.2f %% of a core for %d rooms, %.3f %% a room, %.1f us a packet\n", name,
                        ns / s / 1e7, rooms, ns / s / 1e7 / rooms, ns / 1e3 / packets }'
done
echo "packets: $packets; dropped: $(counter drop_monitor_full)"
