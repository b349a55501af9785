#!/usr/bin/env bash
# start.sh FOLDER JANUS_PORT [EVENT_LOOPS] - writes a configuration into FOLDER and becomes Debian's janus: one room
# without a limit on bit rates, plain HTTP on loopback, other plugins and transports off, logs at the level of warnings.
# All else is Janus' default, a thread for each subscriber included; EVENT_LOOPS (not 0) makes it share so many.
set -euo pipefail
folder=$1
port=$2
loops=${3:-0}
library=/usr/lib/$(uname -m)-linux-gnu/janus
mkdir -p "$folder"

# others KIND NAME - every library of Janus' KIND but NAME's, as a list for "disable".
others() {
    local file list=
    for file in "$library/$1"/libjanus_*.so; do
        [[ $file == *_"$2".so ]] || list+=${list:+,}${file##*/}
    done
    echo "$list"
}

cat >"$folder/janus.jcfg" <<END
general: {
    configs_folder = "$folder"
    plugins_folder = "$library/plugins"
    transports_folder = "$library/transports"
    events_folder = "$library/events"
    loggers_folder = "$library/loggers"
    debug_level = 3
    session_timeout = 0
$([ "$loops" = 0 ] || echo "    event_loops = $loops")
}
media: { rtp_port_range = "20000-39999" }
plugins: { disable = "$(others plugins videoroom)" }
transports: { disable = "$(others transports http)" }
END
cat >"$folder/janus.transport.http.jcfg" <<END
general: { json = "compact", base_path = "/janus", http = true, port = $port, ip = "127.0.0.1", https = false }
admin: { admin_http = false }
END
cat >"$folder/janus.plugin.videoroom.jcfg" <<END
general: { }
room-1: { description = "bench", publishers = 1, bitrate = 0, fir_freq = 0, audiocodec = "opus", videocodec = "vp8" }
END
exec janus -F "$folder" -C "$folder/janus.jcfg" --disable-colors
