#!/bin/sh
# web_files.sh LIST OUTPUT - writes the C table of the embedded pages (signaling/web_files.h).
# LIST has one line a file: url-path file. The table is sorted by path in byte order.
# What all pages have in their head is head.part, put where they say <!-- head -->; parts are not served by themselves.
# Where a page says <!-- script PATH --> it gets that module and all that it imports as one script, so that it runs before
# anything else is fetched; the script's hash (CSP Level 3, section 2.3.1) is what allows it to run.
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
script=$(mktemp)
gzipped=$(mktemp)
trap 'rm -f "$sorted" "$rows" "$page" "$script" "$gzipped" "$output.new"' EXIT

# array NAME FILE - with one byte more than the file, so that an empty one is an array too.
array() {
    echo "static const unsigned char $1[] = {"
    od -An -v -tx1 "$2" | sed 's/ \(..\)/0x\1,/g'
    echo '0x00};'
}

# scripts_of FILE... - the paths of the modules that these pages carry, one at most a page.
scripts_of() {
    sed -n 's#^ *<!-- script \(.*\) -->$#\1#p' "$@"
}

# script_element PATH - the module at PATH with all that it imports, as an element on as many lines as it takes.
script_element() {
    code=$(esbuild "$(sed -n "s#^$1 ##p" "$sorted")" --bundle --format=iife --minify --charset=utf8 --target=es2022 \
        '--external:/js/*' --log-level=warning)
    printf '<script>%s</script>\n' "$code" | sed "s#import(\"/js/#import(\"/v/$version/js/#g"
}

# hash_source FILE - what a Content-Security-Policy says to allow the script element in FILE.
hash_source() {
    hash=$(sed -z -e 's#^<script>##' -e 's#</script>\n$##' "$1" | sha256sum | cut -c 1-64 | tr a-f A-F)
    printf "'sha256-%s'" "$(printf %s "$hash" | basenc --decode --base16 | base64)"
}

sort "$list" >"$sorted"
version=$(while read -r path file; do
    printf '%s ' "$path"
    sha256sum <"$file"
done <"$sorted" | sha256sum | cut -c 1-16)

# shellcheck disable=SC2046
carried=$(scripts_of $(sed -n 's#^/.*\.html ##p' "$sorted"))
head=$(sed -n 's#^/head\.part ##p' "$sorted")

{
    echo '/* Generated from web/ by cmake/web_files.sh. */'
    echo '#include "signaling/web_files.h"'
    echo
    count=0
    while read -r path file; do
        script_source=NULL
        ! printf '%s\n' "$carried" | grep -qxF "$path" || continue
        case $path in
        *.html)
            if [ -n "$(scripts_of "$file")" ]; then
                script_element "$(scripts_of "$file")" >"$script"
                script_source="\"$(hash_source "$script")\""
            fi
            sed -E -e "s#(href|src)=\"/(js|css|i18n)/#\1=\"/v/$version/\2/#g" \
                -e "/^ *<!-- head -->\$/{" -e "r $head" -e d -e "}" \
                -e "/^ *<!-- script .* -->\$/{" -e "r $script" -e d -e "}" "$file" >"$page"
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
            printf '     {gzip_%d, sizeof gzip_%d - 1, "\\"%s-gzip\\""},\n' "$count" "$count" "$hash" >>"$rows"
        else
            echo '     {NULL, 0, NULL},' >>"$rows"
        fi
        echo "     $script_source}," >>"$rows"
        count=$((count + 1))
    done <"$sorted"
    echo
    echo 'const struct web_file web_files_table[] = {'
    cat "$rows"
    echo '    {NULL, NULL, {NULL, 0, NULL}, {NULL, 0, NULL}, NULL},'
    echo '};'
    echo "const size_t web_files_table_length = $count;"
    echo "const char web_files_version[] = \"$version\";"
} >"$output.new"
mv "$output.new" "$output"
