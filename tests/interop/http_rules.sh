#!/usr/bin/env bash
# http_rules.sh OPEN_URL KEYED_URL KEY - the rules of WHIP (RFC 9725) and WHEP (draft 04) by curl. OPEN_URL: a server
# without keys, with ice.servers, and a broadcaster live in its room "live". KEYED_URL: one with the stream key KEY
# that refuses takeovers. The last line is "N passed, N failed".
set -uo pipefail
open=$1
keyed=$2
key=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    echo "FAIL: $*"
    sed 's/^/    /' "$work/headers" 2>/dev/null | tr -d '\r'
    head -c 300 "$work/body" 2>/dev/null | sed 's/^/    /'
    echo
}

# request STATUS WHAT CURL_ARGUMENT... - leaves headers and body in $work; STATUS is a regular expression.
request() {
    local expected=$1 what=$2 status
    shift 2
    : >"$work/body"
    status=$(curl -sS --max-time 10 -D "$work/headers" -o "$work/body" -w '%{http_code}' "$@") || status=none
    if [[ $status =~ ^($expected)$ ]]; then
        pass
    else
        fail "$what: status $status, not $expected"
    fi
}

# header NAME REGULAR_EXPRESSION - of the last answer.
header() {
    grep -iE "^$1: ($2)"$'\r?$' "$work/headers" >/dev/null && pass || fail "header $1 is not $2"
}

no_header() {
    grep -iE "^$1:" "$work/headers" >/dev/null && fail "there is a header $1" || pass
}

value() {
    sed -n "s/^$1: //Ip" "$work/headers" | tr -d '\r'
}

# body REGULAR_EXPRESSION - a line of the last answer.
body() {
    tr -d '\r' <"$work/body" | grep -E "^$1$" >/dev/null && pass || fail "no line $1"
}

empty() {
    [ ! -s "$work/body" ] && pass || fail "there is a body"
}

fingerprint="sha-256 $(printf '%02X' 18; for ((i = 1; i < 32; i++)); do printf ':%02X' $((i * 7)); done)"

# section KIND MID DIRECTION SETUP - one m-section as a browser writes it.
section() {
    local payload=111 codec='opus/48000/2'
    [ "$1" = audio ] || { payload=96 codec='VP8/90000'; }
    printf '%s\r\n' "m=$1 9 UDP/TLS/RTP/SAVPF $payload" 'c=IN IP4 0.0.0.0' 'a=rtcp:9 IN IP4 0.0.0.0' \
        'a=ice-ufrag:abcd' 'a=ice-pwd:0123456789abcdefghijkl' 'a=ice-options:trickle' \
        "a=fingerprint:$fingerprint" "a=setup:$4" "a=mid:$2" "a=$3" 'a=msid:stream track' 'a=rtcp-mux' \
        'a=rtcp-rsize' "a=rtpmap:$payload $codec" "a=rtcp-fb:$payload nack" "a=rtcp-fb:$payload nack pli" \
        "a=ssrc:${payload}1 cname:someone"
}

# offer DIRECTION [SETUP [KIND...]]
offer() {
    local direction=$1 setup=${2:-actpass} mid=0 mids='' kind
    shift $(($# < 2 ? $# : 2))
    [ $# -gt 0 ] || set -- audio video
    for kind in "$@"; do
        mids+=" $mid"
        mid=$((mid + 1))
    done
    printf '%s\r\n' 'v=0' 'o=- 4611731400430051336 2 IN IP4 127.0.0.1' 's=-' 't=0 0' "a=group:BUNDLE$mids" \
        'a=msid-semantic: WMS stream'
    mid=0
    for kind in "$@"; do
        section "$kind" "$mid" "$direction" "$setup"
        mid=$((mid + 1))
    done
}

fragment() {
    printf '%s\r\n' "a=ice-ufrag:$1" "a=ice-pwd:$2" 'm=audio 9 UDP/TLS/RTP/SAVPF 0' 'a=mid:0' "${@:3}"
}

sdp=(-H 'Content-Type: application/sdp')
trickle=(-H 'Content-Type: application/trickle-ice-sdpfrag')
host_candidate='a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host'
offer sendonly >"$work/offer"
offer recvonly >"$work/watch"

# --- both endpoints: methods, types, bodies, CORS
for endpoint in whip whep; do
    url=$open/$endpoint/rules
    request 200 "$endpoint OPTIONS" -X OPTIONS "$url"
    header Accept-Post 'application/sdp'
    header Link '<stun:stun\.example\.org:3478>; *rel="?ice-server"?.*'
    request '200|204' "$endpoint preflight" -X OPTIONS "$url" -H 'Origin: https://example.com' \
        -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: authorization,content-type'
    header Access-Control-Allow-Origin '\*|https://example\.com'
    header Access-Control-Allow-Methods '.*POST.*'
    header Access-Control-Allow-Headers '.*[Aa]uthorization.*'
    header Access-Control-Allow-Headers '.*[Ii]f-[Mm]atch.*'
    no_header Link
    request '2..' "$endpoint GET" "$url"
    empty
    request 200 "$endpoint HEAD" -I "$url"
    [ $endpoint = whip ] || header Content-Type 'application/sdp'
    request 405 "$endpoint PUT" -X PUT "$url" -d x
    header Allow 'OPTIONS, GET, HEAD, POST'
    request 405 "$endpoint DELETE of the endpoint" -X DELETE "$url"
    request 415 "$endpoint POST of another type" "$url" -H 'Content-Type: application/json' -d '{}'
    header Content-Type 'application/problem\+json.*'
    request 400 "$endpoint POST of no SDP" "$open/$endpoint/live" "${sdp[@]}" -d 'hello'
    header Content-Type 'application/problem\+json.*'
    body '.*"title".*'
    request '400|411' "$endpoint POST of nothing" -X POST "$url" "${sdp[@]}"
    { cat "$work/offer"; head -c 70000 /dev/zero | tr '\0' 'x'; } >"$work/large"
    request 413 "$endpoint POST of 70 kB" "$url" "${sdp[@]}" --data-binary @"$work/large"
    request '4..' "$endpoint without a room" "$open/$endpoint/" "${sdp[@]}" --data-binary @"$work/offer"
done

# --- WHIP: a session's life
url=$open/whip/rules
request 201 'WHIP POST' "$url" "${sdp[@]}" --data-binary @"$work/offer" -H 'Origin: https://example.com'
header Content-Type 'application/sdp.*'
header Location '/session/[A-Za-z0-9_-]{16,}'
header ETag '"[^"]+"'
header Link '<stun:stun\.example\.org:3478>; *rel="?ice-server"?.*'
header Access-Control-Allow-Origin '\*|https://example\.com'
for exposed in Location ETag Link Accept-Post Retry-After; do
    header Access-Control-Expose-Headers ".*$exposed.*"
done
body 'v=0'
body 'a=recvonly'
body 'a=group:BUNDLE 0 1'
body 'a=rtcp-mux'
body 'a=rtcp-mux-only'
body 'a=setup:(passive|active)'
body 'a=candidate:[^ ]+ 1 (udp|UDP) .* typ host.*'
body 'a=end-of-candidates'
[ "$(grep -c '^a=rtcp-mux-only' "$work/body")" = 1 ] && pass || fail 'rtcp-mux-only stands not once'
[ "$(grep -c '^m=' "$work/body")" = 2 ] && pass || fail 'the answer has not two m-lines'
first_ufrag=$(sed -n 's/^a=ice-ufrag://p' "$work/body" | head -n 1)
session=$open$(value Location)
tag=$(value ETag)

request 200 'session OPTIONS' -X OPTIONS "$session"
request '2..' 'session GET' "$session"
empty
request 200 'session HEAD' -I "$session"
request 405 'session POST' "$session" "${sdp[@]}" -d x
request 405 'session PUT' -X PUT "$session" -d x
header Allow 'OPTIONS, GET, HEAD, PATCH, DELETE'
fragment abcd 0123456789abcdefghijkl "$host_candidate" >"$work/fragment"
request 415 'PATCH of another type' -X PATCH "$session" -H "If-Match: $tag" "${sdp[@]}" --data-binary @"$work/fragment"
request 428 'PATCH without If-Match' -X PATCH "$session" "${trickle[@]}" --data-binary @"$work/fragment"
request 412 'PATCH with a stale tag' -X PATCH "$session" "${trickle[@]}" -H 'If-Match: "stale"' \
    --data-binary @"$work/fragment"
request 400 'PATCH of no fragment' -X PATCH "$session" "${trickle[@]}" -H "If-Match: $tag" -d 'hello'
request 204 'trickle' -X PATCH "$session" "${trickle[@]}" -H "If-Match: $tag" --data-binary @"$work/fragment"
empty
no_header ETag
fragment abcd 0123456789abcdefghijkl \
    'a=candidate:2 1 udp 2130706431 0b9c1d7e-0000-4000-8000-1234567890ab.local 50000 typ host' \
    'a=candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active' 'a=end-of-candidates' >"$work/names"
request 204 'trickle of a name' -X PATCH "$session" "${trickle[@]}" -H "If-Match: $tag" --data-binary @"$work/names"

fragment efgh abcdefghijkl0123456789 "$host_candidate" >"$work/restart"
request 200 'ICE restart' -X PATCH "$session" "${trickle[@]}" -H 'If-Match: *' --data-binary @"$work/restart"
header Content-Type 'application/trickle-ice-sdpfrag.*'
header ETag '"[^"]+"'
body 'a=ice-ufrag:.+'
body 'a=ice-pwd:.+'
body 'a=candidate:.*'
[ "$(sed -n 's/^a=ice-ufrag://p' "$work/body" | head -n 1)" != "$first_ufrag" ] && pass || fail 'the same ufrag'
[ "$(value ETag)" != "$tag" ] && pass || fail 'the same tag'
request 412 'trickle with the tag before' -X PATCH "$session" "${trickle[@]}" -H "If-Match: $tag" \
    --data-binary @"$work/restart"
fragment ijkl abcdefghijkl0123456789 >"$work/restart"
request 200 'ICE restart, star in quotes' -X PATCH "$session" "${trickle[@]}" -H 'If-Match: "*"' \
    --data-binary @"$work/restart"
request 200 'DELETE, whatever the tag' -X DELETE "$session" -H 'If-Match: "stale"'
request 404 'DELETE again' -X DELETE "$session"
request 404 'PATCH after DELETE' -X PATCH "$session" "${trickle[@]}" -H 'If-Match: *' --data-binary @"$work/restart"
request 404 'GET of an unknown session' "$open/session/AAAAAAAAAAAAAAAAAAAAAA"

# --- WHIP: offers of all kinds
for setup in actpass active passive; do
    offer sendonly $setup >"$work/setup"
    request 201 "setup:$setup" "$url" "${sdp[@]}" --data-binary @"$work/setup"
    case $setup in
    active) body 'a=setup:passive' ;;
    passive) body 'a=setup:active' ;;
    esac
    request 200 "DELETE of setup:$setup" -X DELETE "$open$(value Location)"
done
for kind in audio video; do
    offer sendonly actpass $kind >"$work/one"
    request 201 "$kind alone" "$url" "${sdp[@]}" --data-binary @"$work/one"
    request 200 "DELETE of $kind" -X DELETE "$open$(value Location)"
done
offer sendrecv >"$work/both"
request 201 'sendrecv' "$url" -H 'Content-Type: application/sdp; charset=utf-8' --data-binary @"$work/both"
body 'a=recvonly'
request 200 'DELETE of sendrecv' -X DELETE "$open$(value Location)"
for direction in recvonly inactive; do
    offer $direction >"$work/wrong"
    request '400|422' "an offer that is $direction" "$url" "${sdp[@]}" --data-binary @"$work/wrong"
done
offer sendonly actpass video video >"$work/two"
request '400|422' 'two video tracks' "$url" "${sdp[@]}" --data-binary @"$work/two"
sed 's#VP8/90000#THEORA/90000#; s#opus/48000/2#PCMU/8000#' "$work/offer" >"$work/unknown"
request 422 'codecs that nobody forwards' "$url" "${sdp[@]}" --data-binary @"$work/unknown"
sed '/^a=fingerprint/d' "$work/offer" >"$work/bare"
request '400|422' 'no fingerprint' "$url" "${sdp[@]}" --data-binary @"$work/bare"
request 201 'a room in Chinese' "$open/whip/%E7%9B%B4%E6%92%AD%E9%97%B41/camera" "${sdp[@]}" --data-binary @"$work/offer"
request 200 'DELETE there' -X DELETE "$open$(value Location)"
request 201 'a room with an ampersand' "$open/whip/tom&jerry" "${sdp[@]}" --data-binary @"$work/offer"
session=$open$(value Location)
request 200 'the same, encoded' "$open/api/rooms/tom%26jerry"
request 200 'DELETE there' -X DELETE "$session"

# --- what proxies and people ask by hand
request 200 'HTTP/1.0 without a Host' --http1.0 -H 'Host:' "$open/healthz"
request 400 'HTTP/1.1 without a Host' -H 'Host:' "$open/healthz"
request 426 'a socket without an upgrade' "$open/ws"
header Upgrade websocket

# --- WHIP: takeover without keys, and with one
request 201 'the first broadcaster' "$url" "${sdp[@]}" --data-binary @"$work/offer"
session=$open$(value Location)
request 201 'the second takes over' "$url" "${sdp[@]}" --data-binary @"$work/offer"
second=$open$(value Location)
request 404 'the first is over' "$session"
request 200 'DELETE of the second' -X DELETE "$second"

bearer=(-H "Authorization: Bearer $key")
request 401 'no key' "$keyed/whip/rules" "${sdp[@]}" --data-binary @"$work/offer"
header WWW-Authenticate 'Bearer.*'
request 403 'a wrong key' "$keyed/whip/rules" "${sdp[@]}" -H 'Authorization: Bearer wrong' --data-binary @"$work/offer"
request '200|204' 'a preflight shows none' -X OPTIONS "$keyed/whip/rules" -H 'Origin: https://example.com' \
    -H 'Access-Control-Request-Method: POST'
request 201 'the key' "$keyed/whip/rules" "${sdp[@]}" "${bearer[@]}" --data-binary @"$work/offer"
session=$keyed$(value Location)
request 409 'no takeover, the key with a space behind' "$keyed/whip/rules" "${sdp[@]}" -H "Authorization: Bearer $key " --data-binary @"$work/offer"
request '2..' 'the first lives' "$session"
request 200 'DELETE of it' -X DELETE "$session" "${bearer[@]}"

# --- WHEP
request 200 'a page, compressed' "$open/js/watch.js" -H 'Accept-Encoding: gzip, br'
header Content-Encoding gzip
header Vary Accept-Encoding
tag=$(value ETag)
gzip -dc <"$work/body" >"$work/unpacked" && pass || fail 'the body is no gzip'
request 304 'a page that the client has' "$open/js/watch.js" -H 'Accept-Encoding: gzip' -H "If-None-Match: $tag"
request 200 'a page, as it is' "$open/js/watch.js" -H "If-None-Match: $tag"
no_header Content-Encoding
cmp -s "$work/body" "$work/unpacked" && pass || fail 'compressed it is something else'

request 409 'WHEP where nobody is live' "$open/whep/nobody" "${sdp[@]}" --data-binary @"$work/watch"
header Retry-After '[0-9]+'
url=$open/whep/live
request 201 'WHEP POST' "$url" "${sdp[@]}" --data-binary @"$work/watch" -H 'Origin: https://example.com'
header Content-Type 'application/sdp.*'
header Location '/session/[A-Za-z0-9_-]{16,}'
header ETag '"[^"]+"'
header Link '<stun:stun\.example\.org:3478>; *rel="?ice-server"?.*'
header Access-Control-Expose-Headers '.*Location.*'
body 'a=sendonly'
body 'a=ice-lite'
body 'a=candidate:[^ ]+ 1 (udp|UDP) .* typ host.*'
body 'a=candidate:[^ ]+ 1 (tcp|TCP) .* tcptype passive.*'
[ "$(sed -n 's/^a=msid:\([^ ]*\).*/\1/p' "$work/body" | sort -u | wc -l)" = 1 ] && pass || fail 'not one MediaStream'
session=$open$(value Location)
cp "$work/headers" "$work/created"
tag=$(value ETag)
request 428 'WHEP PATCH without If-Match' -X PATCH "$session" "${trickle[@]}" --data-binary @"$work/fragment"
request 412 'WHEP PATCH with a stale tag' -X PATCH "$session" "${trickle[@]}" -H 'If-Match: "stale"' \
    --data-binary @"$work/fragment"
request 204 'WHEP trickle' -X PATCH "$session" "${trickle[@]}" -H "If-Match: $tag" --data-binary @"$work/fragment"
empty
fragment mnop abcdefghijkl0123456789 "$host_candidate" >"$work/restart"
request 200 'WHEP ICE restart' -X PATCH "$session" "${trickle[@]}" -H 'If-Match: *' --data-binary @"$work/restart"
header ETag '"[^"]+"'
body 'a=ice-ufrag:.+'
body 'a=candidate:.*'
[ "$(value ETag)" != "$tag" ] && pass || fail 'the same tag'

# --- WHEP: server-sent events
json=(-H 'Content-Type: application/json')
events=$(sed -n 's/^Link: <\([^>]*\)>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events=".*reconnect.*"/\1/Ip' \
    "$work/created" | tr -d '\r')
[ -n "$events" ] && pass || fail 'no Link to server-sent events'
request 200 'OPTIONS of events' -X OPTIONS "$open$events"
header Allow 'OPTIONS, GET, POST'
request 400 'an event that was not announced' "$open$events" "${json[@]}" -d '["active","scte35"]'
request 415 'events of another type' "$open$events" "${sdp[@]}" -d '["active"]'
request 201 'events wanted' "$open$events" "${json[@]}" -d '["active","inactive","viewercount","reconnect"]'
header Access-Control-Expose-Headers '.*Location.*'
stream=$open$(value Location)
curl -sN --max-time 60 -D "$work/headers" "$stream" >"$work/stream" &
reader=$!
for _ in $(seq 50); do
    grep -q '^event: viewercount' "$work/stream" && break
    sleep 0.1
done
cp "$work/stream" "$work/body"
header Content-Type 'text/event-stream'
no_header Content-Length
body 'event: active'
body 'data: \{\}'
body 'data: \{"viewercount":[0-9]+\}'
grep -q 'event: inactive' "$work/stream" && fail 'inactive at the beginning' || pass
request 200 'DELETE of the event stream' -X DELETE "$stream"
wait $reader && pass || fail 'the deleted stream does not end'
request 404 'GET of the deleted stream' "$stream"
request 201 'every event wanted' "$open$events" -d ''
curl -sN --max-time 60 "$open$(value Location)" >"$work/stream" &
reader=$!
request 200 'WHEP DELETE' -X DELETE "$session"
wait $reader && pass || fail 'the stream does not end with its session'
request 404 'WHEP DELETE again' -X DELETE "$session"
offer sendonly >"$work/wrong"
request '400|422' 'a viewer that only sends' "$url" "${sdp[@]}" --data-binary @"$work/wrong"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
