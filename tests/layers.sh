#!/bin/sh
# layers.sh [ROOT] - dependencies go one way: signaling -> transport -> core. Fails on an include that
# points upward, and on anything but libc in core.
set -eu
cd "${1:-$(dirname "$0")/..}"

# What core may have of libc: nothing with a socket or a thread in it.
libc='assert|ctype|endian|errno|fcntl|float|inttypes|limits|locale|math|signal|stdalign|stdarg|stdatomic'
libc="$libc|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|sys/eventfd|sys/types|sys/uio"
libc="$libc|syslog|time|unistd|immintrin"

includes() {
    for folder in "$@"; do
        [ -d "$folder" ] || continue
        find "$folder" -name '*.[ch]' -exec grep -HnE '^[[:space:]]*#[[:space:]]*include' {} +
    done || true
}

upward=$(
    includes core | grep -vE "include[[:space:]]*(\"core/|<($libc)\.h>)" || true
    includes transport | grep -E 'include[[:space:]]*["<]signaling/' || true
    includes core transport signaling | grep -E 'include[[:space:]]*["<](\.\./|bench/|tests/)' || true
)
if [ -n "$upward" ]; then
    echo "includes that break DESIGN.md section 4:"
    echo "$upward"
    exit 1
fi
echo "layers: every include points down"
