#!/bin/sh
# web_files.sh LIST OUTPUT - writes the C table of the embedded pages (signaling/web_files.h).
# LIST has one line a file: url-path file. The table is sorted by path in byte order.
# What all pages have in their head is head.part, put where they say <!-- head -->; parts are not served by themselves.
# Pages name their scripts and styles under /v/VERSION/, a hash of all files: what is there never changes, so browsers keep
# it without asking again. Modules import each other by relative paths, which stay under the same version.
set -eu
list=$1
output=$2
LC_ALL=C
export LC_ALL

content_type() {
    case $1 in
    *.html) echo 'text/html; charset=utf-8' ;;
    *.css) echo 'text/css; charset=utf-8' ;;
    *.js | *.mjs) echo 'text/javascript; charset=utf-8' ;;
    *.json | *.map) echo 'application/json' ;;
    *.webmanifest) echo 'application/manifest+json' ;;
    *.txt | *.md) echo 'text/plain; charset=utf-8' ;;
    *.svg) echo 'image/svg+xml' ;;
    *.png) echo 'image/png' ;;
    *.jpg | *.jpeg) echo 'image/jpeg' ;;
    *.webp) echo 'image/webp' ;;
    *.ico) echo 'image/x-icon' ;;
    *.woff2) echo 'font/woff2' ;;
    *.wasm) echo 'application/wasm' ;;
    *.mp3) echo 'audio/mpeg' ;;
    *.mp4) echo 'video/mp4' ;;
    *) echo 'application/octet-stream' ;;
    esac
}

sorted=$(mktemp)
rows=$(mktemp)
page=$(mktemp)
gzipped=$(mktemp)
trap 'rm -f "$sorted" "$rows" "$page" "$gzipped" "$output.new"' EXIT

# array NAME FILE - with one byte more than the file, so that an empty one is an array too.
array() {
    echo "static const unsigned char $1[] = {"
    od -An -v -tx1 "$2" | sed 's/ \(..\)/0x\1,/g'
    echo '0x00};'
}

sort "$list" >"$sorted"
version=$(while read -r path file; do
    printf '%s ' "$path"
    sha256sum <"$file"
done <"$sorted" | sha256sum | cut -c 1-16)

head=$(sed -n 's#^/head\.part ##p' "$sorted")

{
    echo '/* Generated from web/ by cmake/web_files.sh. */'
    echo '#include "signaling/web_files.h"'
    echo
    count=0
    while read -r path file; do
        case $path in
        *.html)
            sed -E -e "s#(href|src)=\"/(js|css|i18n)/#\1=\"/v/$version/\2/#g" \
                -e "/^ *<!-- head -->\$/{" -e "r $head" -e d -e "}" "$file" >"$page"
            file=$page
            ;;
        *.part) continue ;;
        esac
        hash=$(sha256sum "$file" | cut -c 1-32)
        array "file_$count" "$file"
        {
            printf '    {"%s", "%s",\n' "$path" "$(content_type "$path")"
            printf '     {file_%d, sizeof file_%d - 1, "\\"%s\\""},\n' "$count" "$count" "$hash"
        } >>"$rows"
        gzip -9nc "$file" >"$gzipped"
        # What is compressed already stays as it is.
        if [ "$(wc -c <"$gzipped")" -lt $(($(wc -c <"$file") * 9 / 10)) ]; then
            array "gzip_$count" "$gzipped"
            printf '     {gzip_%d, sizeof gzip_%d - 1, "\\"%s-gzip\\""}},\n' "$count" "$count" "$hash" >>"$rows"
        else
            echo '     {NULL, 0, NULL}},' >>"$rows"
        fi
        count=$((count + 1))
    done <"$sorted"
    echo
    echo 'const struct web_file web_files_table[] = {'
    cat "$rows"
    echo '    {NULL, NULL, {NULL, 0, NULL}, {NULL, 0, NULL}},'
    echo '};'
    echo "const size_t web_files_table_length = $count;"
    echo "const char web_files_version[] = \"$version\";"
} >"$output.new"
mv "$output.new" "$output"
