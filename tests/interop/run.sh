#!/usr/bin/env bash
# run.sh [CASE...] - the server against clients that others wrote: curl for every HTTP rule, GStreamer's webrtcbin
# as broadcaster and viewer; and against manycast-publish. BUILD_FOLDER: the build folder. Output in build/interop. The
# last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
here=tests/interop
logs=build/interop
rm -rf "$logs"
mkdir -p "$logs"

if [ -z "${BUILD_FOLDER:-}" ]; then
    BUILD_FOLDER=build/release
    [ -x build/release/manycast ] || BUILD_FOLDER=build/dev
fi
[ -x "$BUILD_FOLDER/manycast" ] || {
    echo "interop: manycast is not built (make build)"
    echo "0 passed, 1 failed"
    exit 1
}

passed=0
failed=0
children=()

finish() {
    for child in "${children[@]}"; do
        kill "$child" 2>/dev/null
    done
    wait
}
trap finish EXIT

pass() {
    passed=$((passed + 1))
    echo "pass: $1"
}

fail() {
    failed=$((failed + 1))
    echo "FAIL: $1"
    [ ! -e "$logs/$1.log" ] || tail -n 12 "$logs/$1.log" | sed 's/^/    /'
}

# until_true SECONDS COMMAND... - polls.
until_true() {
    local left=$(($1 * 10))
    shift
    while ! "$@" 2>/dev/null; do
        [ $((left -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

# server NAME OPTION... - starts one on ports that are free; sets server_url and server_process.
server() {
    local name=$1 first
    shift
    for _ in 1 2 3 4 5 6 7 8; do
        first=$((20000 + RANDOM % 120 * 100))
        server_url=http://127.0.0.1:$first
        "$BUILD_FOLDER/manycast" --http-port $first --media-port $((first + 1)) --drain-seconds 0 \
            --ingest-ports $((first + 2))-$((first + 60)) "$@" >"$logs/$name.log" 2>&1 &
        server_process=$!
        if until_true 5 is_ready_or_gone && kill -0 $server_process 2>/dev/null; then
            children+=("$server_process")
            return 0
        fi
    done
    echo "interop: the server does not start:"
    cat "$logs/$name.log"
    return 1
}

is_ready_or_gone() {
    curl -sf -o "$logs/ready" "$server_url/readyz" || ! kill -0 "$server_process"
}

# broadcast NAME COMMAND... - in the background, until it says that it is connected; sets broadcaster.
broadcast() {
    local name=$1
    shift
    "$@" >"$logs/$name.log" 2>&1 &
    broadcaster=$!
    children+=("$broadcaster")
    until_true 15 grep -q '^connected' "$logs/$name.log"
}

# expect NAME COMMAND...
expect() {
    local name=$1
    shift
    if timeout 60 "$@" >"$logs/$name.log" 2>&1; then
        pass "$name"
        tail -n 1 "$logs/$name.log" | sed 's/^/    /'
    else
        fail "$name"
    fi
}

# ended NAME - the broadcaster is told to end, and says goodbye without an error.
ended() {
    kill -TERM "$broadcaster"
    if wait "$broadcaster"; then
        pass "$1"
    else
        fail "$1"
    fi
}

case_http_rules() {
    local line open=$server_url open_process=$server_process
    server keyed --auth-publish-key horse-battery --room-takeover no || return
    broadcast rules-broadcaster "$here/whip_gst.py" "$open/whip/live" || fail rules-broadcaster
    "$here/http_rules.sh" "$open" "$server_url" horse-battery >"$logs/http-rules.log" 2>&1
    line=$(tail -n 1 "$logs/http-rules.log")
    grep -A 8 '^FAIL' "$logs/http-rules.log"
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        echo "http rules: $line"
    else
        fail http-rules
    fi
    kill "$broadcaster" "$server_process"
    server_url=$open
    server_process=$open_process
}

case_vp8() {
    broadcast vp8-broadcaster "$here/whip_gst.py" "$server_url/whip/vp8" || fail vp8-broadcaster
    expect vp8-viewer "$here/whep_gst.py" "$server_url/whep/vp8"
    expect vp8-late-viewer "$here/whep_gst.py" "$server_url/whep/vp8"
    ended vp8-broadcaster
}

case_h264() {
    broadcast h264-broadcaster "$here/whip_gst.py" "$server_url/whip/h264" --video h264 ||
        fail h264-broadcaster
    expect h264-viewer "$here/whep_gst.py" "$server_url/whep/h264" --video h264
    ended h264-broadcaster
}

case_trickle() {
    broadcast trickle-broadcaster "$here/whip_gst.py" "$server_url/whip/trickle" --trickle ||
        fail trickle-broadcaster
    expect trickle-viewer "$here/whep_gst.py" "$server_url/whep/trickle" --trickle
    ended trickle-broadcaster
}

case_audio() {
    broadcast audio-broadcaster "$here/whip_gst.py" "$server_url/whip/audio" --video none ||
        fail audio-broadcaster
    expect audio-viewer "$here/whep_gst.py" "$server_url/whep/audio" --video-frames 0 --audio-buffers 100
    ended audio-broadcaster
}

sounds() {
    curl -sf "$server_url/api/rooms/$1" | grep -q "\"sound\": *{\"state\": *\"$2\""
}

# sound_is STATE WAVE OPTION... - what the audio monitor finds of a broadcaster that sends that wave.
sound_is() {
    local state=$1 wave=$2
    shift 2
    broadcast "sound-$state" "$here/whip_gst.py" "$server_url/whip/$state" --video none --wave "$wave" "$@" ||
        fail "sound-$state-broadcaster"
    if until_true 20 sounds "$state" "$state"; then pass "sound-$state"; else fail "sound-$state"; fi
    kill "$broadcaster"
    if until_true 10 sounds "$state" unknown; then pass "sound-$state-over"; else fail "sound-$state-over"; fi
}

case_sound() {
    local open=$server_url open_process=$server_process
    server sound --monitor-silent-seconds 2 || return
    sound_is silent silence --dtx
    sound_is ok sine
    sound_is clipping square --volume 1
    kill "$server_process"
    server_url=$open
    server_process=$open_process
}

# A viewer that stays sees one broadcaster leave and another one take its place.
case_return() {
    local viewer first
    broadcast return-first "$here/whip_gst.py" "$server_url/whip/return" || fail return-first
    first=$broadcaster
    "$here/whep_gst.py" "$server_url/whep/return" --video-frames 250 --audio-buffers 100 --limit 30 \
        >"$logs/return-viewer.log" 2>&1 &
    viewer=$!
    sleep 3
    broadcast return-second "$here/whip_gst.py" "$server_url/whip/return" || fail return-second
    if wait $viewer; then
        pass return-viewer
        tail -n 1 "$logs/return-viewer.log" | sed 's/^/    /'
    else
        fail return-viewer
    fi
    ended return-second
    kill "$first" 2>/dev/null
}

case_publish() {
    [ -x "$BUILD_FOLDER/manycast-publish" ] || {
        echo "manycast-publish is not built: skipped"
        return
    }
    "$BUILD_FOLDER/manycast-publish" "$server_url/whip/publish" >"$logs/publish.log" 2>&1 &
    broadcaster=$!
    children+=("$broadcaster")
    until_true 10 is_live publish || fail publish
    expect publish-viewer "$here/whep_gst.py" "$server_url/whep/publish"
    ended publish
}

# counted NAME COMMAND... - a script that counts its own checks.
counted() {
    local name=$1 line
    shift
    timeout 120 "$@" >"$logs/$name.log" 2>&1
    line=$(tail -n 1 "$logs/$name.log")
    grep -A 8 '^FAIL' "$logs/$name.log"
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        echo "$name: $line"
    else
        fail "$name"
    fi
}

case_operate() {
    counted operate "$here/operate.sh" "$BUILD_FOLDER" "$logs/operate"
}

case_journal() {
    counted journal "$here/journal.sh" "$BUILD_FOLDER" "$logs/journal"
}

is_live() {
    curl -sf "$server_url/api/rooms/$1" | grep -q '"live": *true'
}

# node_tests FOLDER - tests by node's runner, which counts them.
node_tests() {
    local counts
    BUILD_FOLDER=$(realpath "$BUILD_FOLDER") node --test --test-reporter=tap "$here/$1" >"$logs/$1.log" 2>&1
    counts=$(sed -n 's/^# \(pass\|fail\|cancelled\) //p' "$logs/$1.log" | paste -sd ' ')
    if [[ $counts =~ ^([0-9]+)\ ([0-9]+)\ ([0-9]+)$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2] + BASH_REMATCH[3]))
        echo "$1: ${BASH_REMATCH[1]} passed, $((BASH_REMATCH[2] + BASH_REMATCH[3])) failed"
        grep -a -A 12 '^ *not ok' "$logs/$1.log"
    else
        fail "$1"
    fi
}

# Stock Socket.IO clients, and their protocol packet by packet.
case_socketio() {
    node_tests socketio
}

# docs/openapi.yaml against the server's answers.
case_openapi() {
    node_tests openapi
}

# Nothing is left behind, and the server says goodbye in time.
case_nothing_left() {
    no_sessions() {
        curl -sf "$server_url/api/rooms" | grep -q '"live": *true' && return 1
        return 0
    }
    if until_true 5 no_sessions; then pass nothing-left; else fail nothing-left; fi
    kill -TERM "$server_process"
    until_true 3 is_gone || fail exit-within-3-s
    if wait "$server_process"; then pass exit-status; else fail exit-status; fi
}

is_gone() {
    ! kill -0 "$server_process"
}

cases=("$@")
[ ${#cases[@]} -gt 0 ] || cases=(http_rules vp8 h264 trickle audio sound return publish operate journal socketio openapi nothing_left)
if server open --ice-servers stun:stun.example.org:3478; then
    for one in "${cases[@]}"; do
        "case_$one"
    done
else
    fail server
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
