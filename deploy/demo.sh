#!/usr/bin/env bash
# demo.sh - the server with a test-pattern broadcaster in room "demo"; both end together.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${MANYCAST_HTTP_PORT:-8080}

build/release/manycast "$@" &
server=$!
publisher=
finish() {
    trap - EXIT INT TERM
    kill ${publisher:+"$publisher"} "$server" 2>/dev/null || true
    wait
}
trap finish EXIT
trap 'exit 0' INT TERM

listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}
until listening; do
    kill -0 "$server" 2>/dev/null || wait "$server" # ends us with the server's own status
    sleep 0.1
done

build/release/manycast-publish "http://127.0.0.1:$port/whip/demo" &
publisher=$!
echo "Open http://127.0.0.1:$port/watch/demo - Ctrl-C ends it."
wait "$server"
