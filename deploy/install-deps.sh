#!/usr/bin/env bash
# install-deps.sh [--test] [--lint] [--bench] [--image] - the one list of what Manycast needs, for Debian 12.
# Without an option: what building and running the server needs; each option adds a group.
# Installs only what is missing; when nothing is, it needs neither root nor the network.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(
    build-essential cmake ninja-build pkg-config esbuild
    libnice-dev libssl-dev libsrtp2-dev libusrsctp-dev libwebsockets-dev libev-dev libjansson-dev libglib2.0-dev
    libopus-dev libvpx-dev libcurl4-openssl-dev ca-certificates
)
test=(
    git curl openssl iproute2 libcmocka-dev clang libclang-rt-14-dev coturn
    chromium firefox-esr fonts-noto-cjk pulseaudio pulseaudio-utils
    gstreamer1.0-tools gstreamer1.0-nice gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly python3-gi gir1.2-gst-plugins-bad-1.0
)
lint=(clang clang-format clang-tidy cppcheck)
bench=(curl janus linux-perf)
image=(buildah mmdebstrap iproute2 curl)

fail() {
    echo "install-deps: $*" >&2
    exit 1
}

# The seal's fast back end is for x86-64 only.
[ "$(uname -m)" != x86_64 ] || build+=(libipsec-mb-dev)

packages=("${build[@]}")
npm_folders=()
node=no
# The pages may serve files of npm packages (web/dist.txt).
[ ! -e web/package-lock.json ] || npm_folders+=(web)
for option in "$@"; do
    case $option in
    --test)
        packages+=("${test[@]}")
        node=yes
        npm_folders+=(tests/e2e tests/interop/socketio tests/interop/openapi)
        ;;
    --lint) packages+=("${lint[@]}") ;;
    --bench)
        packages+=("${bench[@]}")
        node=yes
        ;;
    --image) packages+=("${image[@]}") ;;
    *) fail "unknown option $option (--test, --lint, --bench, --image)" ;;
    esac
done

# is_npm_installed FOLDER - exactly what the lock file says is there already.
is_npm_installed() {
    cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock"
}

# A node or npm that did not come from Debian's package serves as well.
[ $node = no ] || command -v node >/dev/null || packages+=(nodejs)
for folder in "${npm_folders[@]}"; do
    is_npm_installed "$folder" || command -v npm >/dev/null || packages+=(npm)
done

command -v dpkg-query >/dev/null ||
    fail "not a Debian system; install the equivalents of: ${packages[*]}"

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
missing=()
for package in "${packages[@]}"; do
    grep -qxF "$package" <<<"$installed" || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing: ${missing[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "root is needed: run this as root, or install sudo, or as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    # Another apt may be at work, at a machine's first start above all: wait for it.
    apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
        fail "apt-get could not install: ${missing[*]} (Manycast is built on Debian 12)"
fi

# npm_install FOLDER - exactly what the lock file says; no package's script is run.
npm_install() {
    local folder=$1
    ! is_npm_installed "$folder" || return 0
    echo "Installing the npm packages of $folder"
    (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error) ||
        fail "npm could not install the packages of $folder"
    cp "$folder/package-lock.json" "$folder/node_modules/.installed-lock"
}

for folder in "${npm_folders[@]}"; do
    npm_install "$folder"
done
