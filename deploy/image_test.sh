#!/usr/bin/env bash
# image_test.sh [--quick] - builds deploy/Dockerfile without a Docker daemon (buildah, chroot isolation) on a base that
# mmdebstrap makes, then runs the image's root, read-only and as its user, in a network namespace of its own, and
# broadcasts and watches from another one. --quick: the same root, made of build/release by the script that the Dockerfile
# runs (seconds, not minutes; tests/run.sh does this). Needs root, iproute2, build/release; buildah and mmdebstrap unless
# quick. Everything is kept in build/image. The last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit
quick=no
[ "${1:-}" != --quick ] || quick=yes
work=$PWD/build/image
server_net=mc-server-$$
client_net=mc-client-$$
address=10.213.77.1
url=http://$address:8080
limit_mb=120
passed=0
failed=0
server=
publisher=
container=
ready_ms=100000

[ -x build/release/manycast-load ] || {
    echo "image-test: build/release is not built (make build)"
    echo "0 passed, 1 failed"
    exit 1
}
tools=(ip curl)
[ $quick = yes ] || tools+=(buildah mmdebstrap)
for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || {
        echo "image-test: $tool is missing (deploy/install-deps.sh --image)"
        echo "0 passed, 1 failed"
        exit 1
    }
done
mkdir -p "$work"

in_buildah() {
    buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

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

finish() {
    kill ${publisher:+"$publisher"} 2>/dev/null
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null
    wait
    umount "$work/root/dev" "$work/root/proc" "$work/root" 2>/dev/null
    [ -z "$container" ] || in_buildah rm "$container" >/dev/null
    ip netns del "$server_net" 2>/dev/null
    ip netns del "$client_net" 2>/dev/null
}
trap finish EXIT

# What Docker's debian:bookworm-slim is: the smallest Debian, without documentation.
make_base() {
    in_buildah inspect --type image debian:bookworm-slim >/dev/null 2>&1 && return
    local without=() path made
    for path in doc man locale info lintian linda groff; do
        without+=("--dpkgopt=path-exclude=/usr/share/$path/*")
    done
    mmdebstrap --variant=minbase "${without[@]}" bookworm "$work/base.tar" || return
    made=$(in_buildah from scratch) || return
    in_buildah add "$made" "$work/base.tar" / >/dev/null &&
        in_buildah commit --rm "$made" debian:bookworm-slim >/dev/null
    rm -f "$work/base.tar"
}

build_image() {
    in_buildah build --isolation chroot --network host --pull-never --layers=false \
        -f deploy/Dockerfile -t manycast:test . >"$work/build.log" 2>&1 || {
        tail -n 20 "$work/build.log"
        return 1
    }
}

size_mb() {
    du -sxm --apparent-size "$work/root" | cut -f 1
}

is_small() {
    local mb
    mb=$(size_mb)
    echo "      the image is $mb MB"
    [ "$mb" -lt $limit_mb ]
}

make_networks() {
    ip netns add "$server_net" && ip netns add "$client_net" &&
        ip link add veth0 netns "$server_net" type veth peer name veth0 netns "$client_net" &&
        ip -n "$server_net" address add $address/24 dev veth0 &&
        ip -n "$client_net" address add 10.213.77.2/24 dev veth0 &&
        ip -n "$server_net" link set veth0 up && ip -n "$client_net" link set veth0 up &&
        ip -n "$server_net" link set lo up && ip -n "$client_net" link set lo up
}

make_root() {
    rm -rf "$work/quick"
    deploy/image_root.sh build/release/manycast "$work/quick"
}

mount_root() {
    local mounted=$work/quick
    [ $quick = yes ] ||
        { container=$(in_buildah from --pull-never manycast:test) && mounted=$(in_buildah mount "$container"); } || return
    mkdir -p "$work/root"
    mount --bind "$mounted" "$work/root" && mount -o remount,bind,ro "$work/root" &&
        mount --bind /dev "$work/root/dev" && mount -t proc proc "$work/root/proc" # as any container has
}

# in_image COMMAND... - as the image's user, in the server's network.
in_image() {
    ip netns exec "$server_net" env -i PATH="$PATH:/usr/sbin:/usr/local/bin" MANYCAST_MEDIA_ANNOUNCE=$address \
        MANYCAST_DRAIN_SECONDS=10 chroot --userspec=10001:10001 "$work/root" "$@"
}

from_client() {
    ip netns exec "$client_net" "$@"
}

starts() {
    local began now
    began=$(date +%s%N)
    in_image manycast >"$work/server.log" 2>&1 &
    server=$!
    for _ in $(seq 500); do
        if from_client curl -sf -o /dev/null "$url/readyz"; then
            now=$(date +%s%N)
            ready_ms=$(((now - began) / 1000000))
            echo "      ready after $ready_ms ms"
            return 0
        fi
        kill -0 $server 2>/dev/null || break
        sleep 0.01
    done
    cat "$work/server.log"
    return 1
}

is_watched() {
    ip netns exec "$client_net" build/release/manycast-publish "$url/whip/image" >"$work/publish.log" 2>&1 &
    publisher=$!
    for _ in $(seq 100); do
        from_client curl -sf "$url/api/rooms" | grep -q '"live":true' && break
        sleep 0.1
    done
    from_client build/release/manycast-load --viewers 50 --duration 3 "$url/whep/image" >"$work/load.log" 2>&1
    sed 's/^/      /' "$work/load.log" | head -n 3
    grep -q '50 connected, 0 failed, 50 with media' "$work/load.log"
}

# The stop signal ends the first process: the publisher leaves, so the drain is over.
stops() {
    local pid status
    pid=$(ip netns pids "$server_net" | head -n 1)
    kill -TERM "$pid"
    kill "$publisher" 2>/dev/null
    wait "$server"
    status=$?
    server=
    publisher=
    [ $status -eq 0 ]
}

# user_is_not_root PID
user_is_not_root() {
    [ "$(stat -c %u "/proc/$(ip netns pids "$server_net" | head -n 1)")" = 10001 ]
}

# Nothing to write to is wanted: not even a log.
wrote_nothing() {
    [ -z "$(find "$work/root" -xdev -newer "$work/began" -type f -print -quit)" ]
}

if [ $quick = yes ]; then
    check "the image's root is made" make_root
else
    check "the base is made" make_base
    check "the image is built" build_image
fi
if [ $failed -eq 0 ]; then
    check "its root is mounted read-only" mount_root
    check "it is smaller than $limit_mb MB" is_small
    check "two networks" make_networks
    touch "$work/began"
    check "it starts" starts
    check "within a second" [ "$ready_ms" -lt 1000 ]
    check "it is not root" user_is_not_root
    check "it warns of nothing" eval '! grep -E " (warning|error) " "$work/server.log"'
    check "manycast --health is content" in_image manycast --health
    check "50 viewers of another network watch a broadcaster there" is_watched
    check "SIGTERM ends it, status 0" stops
    check "it wrote nothing" wrote_nothing
    check "manycast --health finds nothing" eval '! in_image manycast --health 2>/dev/null'
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
