#!/usr/bin/env bash
# run.sh [--quick] [--no-write] - how many rooms, joins and chat lines the signaling thread carries, on this machine: rooms of
# one over WebSocket, a room of 10,000, and relay rooms up to a million over Socket.IO. Writes bench/results/rooms.json,
# rooms.md and rooms*.svg. --quick: a tenth of it. Wants `make build`, and 10,100 file descriptors.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec node bench/rooms/run.mjs "$@"
