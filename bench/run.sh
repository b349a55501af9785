#!/usr/bin/env bash
# run.sh [--quick] [--rounds N] [--viewers A,B,...] [--seconds N] [--rates A,B,...] [--watchers N] [--only NAME,...]
# [--no-write] - what a forwarded packet costs: the server, the floor below it, and Debian's janus, under the same swarm of
# real viewers, in turns; then what those who watch notice of others joining (storm). Writes bench/results/ (report.mjs
# says what). NAME: of subjects.mjs, storm or memory. --quick: one round, few steps. Wants `make build`, and
# `deploy/install-deps.sh --bench` for Janus.
set -euo pipefail
cd "$(dirname "$0")/.."
exec node bench/run.mjs "$@"
