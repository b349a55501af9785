#!/bin/sh
# image_root.sh PROGRAM FOLDER - makes FOLDER what the image holds: the program, the libraries that the loader says it
# needs, what is opened as they run (the event loop of libwebsockets, the NSS modules of libsrtp2, certificates for hooks),
# and no more. Packages would bring several times as much through what libnice depends on.
set -eu
program=$1
root=$2

mkdir -p "$root/usr/local/bin" "$root/etc" "$root/tmp" "$root/dev" "$root/proc"
strip -o "$root/usr/local/bin/manycast" "$program"
loop=$(find /usr/lib/*-linux-gnu -name libwebsockets-evlib_ev.so)
ldd "$program" "$loop" | grep -o '^[[:space:]].*' | grep -o '/[^ ]*' | sort -u | xargs cp -L --parents -t "$root" "$loop"
find /usr/lib/*-linux-gnu -regex '.*/\(libfreebl.*3\|libsoftokn3\|libnssckbi\)\.\(so\|chk\)' |
    xargs cp -L --parents -t "$root" /etc/ssl/certs/ca-certificates.crt
echo 'manycast:x:10001:10001::/:/usr/local/bin/manycast' >"$root/etc/passwd"
echo 'manycast:x:10001:' >"$root/etc/group"
