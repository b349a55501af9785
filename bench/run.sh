#!/usr/bin/env bash
# run.sh [VIEWERS...] - what the server carries on this machine, and what it costs: a broadcaster of
# 2.5 Mbit/s, swarms of 100 and 500 viewers (or as told), one after another, over UDP with each suite
# and over TCP. Server, broadcaster and swarm share the machine: latencies of a full one are its own.
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/release
http=${MANYCAST_HTTP_PORT:-18080}
media=${MANYCAST_MEDIA_PORT:-17000}
seconds=${BENCH_SECONDS:-10}
swarms=("$@")
[ ${#swarms[@]} -gt 0 ] || swarms=(100 500)

"$program/manycast" --http-port="$http" --media-port="$media" --ingest-ports=17100-17199 \
    2>build/bench-server.log &
server=$!
publisher=
finish() {
    trap - EXIT INT TERM
    kill ${publisher:+"$publisher"} "$server" 2>/dev/null || true
    wait
}
trap finish EXIT
trap 'exit 1' INT TERM

until (exec 3<>"/dev/tcp/127.0.0.1/$http") 2>/dev/null; do
    kill -0 "$server" || { cat build/bench-server.log && exit 1; }
    sleep 0.1
done
"$program/manycast-publish" "http://127.0.0.1:$http/whip/bench" --size 1280x720 --fps 30 --kbps 2500 &
publisher=$!
sleep 2

# swarm TITLE ARGUMENT...
swarm() {
    echo "== $1"
    shift
    "$program/manycast-load" "http://127.0.0.1:$http/whep/bench" --server-pid "$server" \
        --duration "$seconds" "$@" || echo "(not all viewers came through)"
}

for viewers in "${swarms[@]}"; do
    swarm "$viewers viewers, AEAD_AES_128_GCM" --viewers "$viewers" --suite gcm
    swarm "$viewers viewers, AES_CM_128_HMAC_SHA1_80" --viewers "$viewers" --suite cm
done
swarm "${swarms[0]} viewers over TCP" --viewers "${swarms[0]}" --tcp
