#!/usr/bin/env bash
# operate.sh BUILD_FOLDER FOLDER - what an operator does with a running server: asks its health, changes its settings and
# its certificate by SIGHUP while people watch, asks the doctor. Files go into FOLDER. The last line is "N passed, N failed".
set -uo pipefail
build=$1
folder=$2
mkdir -p "$folder"
passed=0
failed=0
server=
publisher=
port=$((32000 + RANDOM % 500))
config=$folder/operate.conf

finish() {
    kill ${server:+"$server"} ${publisher:+$publisher} 2>/dev/null
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

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$2" -subj "/CN=$1" \
        -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
}

write_config() {
    printf '[http]\nport = %s\ncert = %s\nkey = %s\n' "$port" "$folder/cert.pem" "$folder/key.pem" >"$config"
    printf '[media]\nport = %s\n[ingest]\nports = %s-%s\n' $((port + 500)) $((port + 1000)) $((port + 1040)) >>"$config"
    printf '[drain]\nseconds = 0\n[auth]\npublish_key = %s\n%s\n' "$1" "${2:-}" >>"$config"
}

shown_name() {
    openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -subject
}

shows() {
    [[ $(shown_name) == *"$1" ]]
}

says() {
    grep -q "$1" "$folder/operate.log"
}

# takes KEY: an offer is refused as such, not for its key.
takes() {
    [ "$(curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" -H 'Content-Type: application/sdp' \
        --data 'v=0' "https://127.0.0.1:$port/whip/room")" != 403 ]
}

health() {
    "$build/manycast" --config "$config" --health 2>/dev/null
}

make_certificate first.example 30
write_config old
"$build/manycast" --config "$config" >"$folder/operate.log" 2>&1 &
server=$!
check "health, over TLS" until_true health
check "the first certificate" shows first.example

make_certificate second.example 30
write_config new
kill -HUP $server
check "SIGHUP brings the second certificate" until_true shows second.example
check "the new key is taken" takes new
check "the old key is not" eval '! takes old'

echo rubbish >"$folder/cert.pem"
kill -HUP $server
check "an unreadable certificate is logged" until_true says 'error tls .*the old certificate stays'
check "and the one before stays" shows second.example
make_certificate third.example 30
cp "$folder/key.pem" "$folder/other.pem"
make_certificate third.example 30
cp "$folder/other.pem" "$folder/key.pem"
kill -HUP $server
check "a key that does not fit is logged" until_true says "error tls .*key.pem"
check "and the pair before stays" shows second.example
write_config newest $'[limits]\nrooms = many'
kill -HUP $server
check "a bad setting is logged" until_true says 'nothing was reloaded: .*limits.rooms'
check "and nothing is changed" takes new
kill -TERM $server
wait $server
check "SIGTERM ends it" [ $? -eq 0 ]
server=
check "health is bad then" eval '! health'

# Media do not notice.
sed -i '/^cert\|^key/d' "$config"
write=$(sed 's/rooms = many/rooms = 10/; s/publish_key = .*/publish_key =/' "$config")
echo "$write" >"$config"
"$build/manycast" --config "$config" >"$folder/reload.log" 2>&1 &
server=$!
until_true health
"$build/manycast-publish" "http://127.0.0.1:$port/whip/room" >"$folder/publish.log" 2>&1 &
publisher=$!
until_true eval 'curl -sf "http://127.0.0.1:$port/api/rooms/room" | grep -q "\"live\":true"'
"$build/manycast-load" --viewers 50 --duration 4 "http://127.0.0.1:$port/whep/room" >"$folder/load.log" &
load=$!
for _ in $(seq 20); do
    sleep 0.2
    kill -HUP $server
done
wait $load
check "20 reloads cost no viewer a packet" grep -q '^lost  *0 packets' "$folder/load.log"
check "all 20 were done" [ "$(grep -c 'info main reloaded' "$folder/reload.log")" -ge 15 ]

# A second server with the very same settings, while the first one drains with 50 viewers.
kill $publisher $server
wait
write_config '' $'[http]\nshare_port = yes'
sed -i 's/^seconds = 0/seconds = 20/; /^cert\|^key/d' "$config"
start_first() {
    "$build/manycast" --config "$config" >"$folder/first.log" 2>&1 &
    server=$!
    until_true health
    "$build/manycast-publish" "http://127.0.0.1:$port/whip/room" >"$folder/publish.log" 2>&1 &
    publisher=$!
    until_true eval 'curl -sf "http://127.0.0.1:$port/api/rooms/room" | grep -q "\"live\":true"'
}
is_draining() {
    grep -q 'info drain begun' "$folder/first.log"
}
start_first
"$build/manycast-load" --viewers 50 --duration 5 "http://127.0.0.1:$port/whep/room" >"$folder/load.log" &
load=$!
until_true eval 'curl -sf "http://127.0.0.1:$port/metrics" | grep -q "^manycast_viewers 50"'
kill -TERM $server
until_true is_draining
timeout 10 "$build/manycast" --config "$config" >"$folder/refused.log" 2>&1
check "the same media port is refused" [ $? -eq 2 ]
check "and what to do is said" grep -q 'is in use (media.port; media.spare_port' "$folder/refused.log"
"$build/manycast" --config "$config" --media-spare-port $((port + 501)) >"$folder/second.log" 2>&1 &
second=$!
check "with a spare one the second serves" until_true health
"$build/manycast-publish" "http://127.0.0.1:$port/whip/next" >"$folder/publish-next.log" 2>&1 &
publisher="$publisher $!"
until_true eval 'curl -sf "http://127.0.0.1:$port/api/rooms/next" | grep -q "\"live\":true"'
"$build/manycast-load" --viewers 10 --duration 1 "http://127.0.0.1:$port/whep/next" >"$folder/load-next.log"
wait $load
check "the first one's viewers lost no packet" grep -q '^lost  *0 packets' "$folder/load.log"
check "all 50 of them" grep -q '50 connected, 0 failed, 50 with media' "$folder/load.log"
check "the second one's have theirs" grep -q '10 connected, 0 failed, 10 with media' "$folder/load-next.log"
kill $publisher # the last to leave the first one
wait $server
check "the first one ends, status 0" [ $? -eq 0 ]
server=$second

# The doctor.
write_config key
"$build/manycast" --config "$config" --media-port $((port + 501)) --doctor >"$folder/doctor.txt"
check "the doctor finds trouble: both ports in use" [ $? -eq 1 ]
check "and says which" [ "$(grep -c '^TROUBLE .*port: ' "$folder/doctor.txt")" = 2 ]
kill $publisher $server
wait
server=
publisher=
make_certificate short.example 3
"$build/manycast" --config "$config" --doctor >"$folder/doctor.txt"
check "then none" [ $? -eq 0 ]
check "it warns of a certificate that ends soon" grep -q '^advice .*expires in [23] days' "$folder/doctor.txt"
check "docs/configure.md is the program's own table" eval '"$build/manycast" --reference | diff -u docs/configure.md -'
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
