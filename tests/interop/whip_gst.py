#!/usr/bin/python3
"""whip_gst.py URL - a GStreamer broadcaster: test pattern and tone by WHIP.

Says "connected MS" once media flows, then goes on until SIGTERM or until --duration is over. Exit status 0 if all
went well.
"""

import argparse
import signal

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstWebRTC  # noqa: E402

from gst_peer import GstPeer  # noqa: E402

VIDEO = {
    "vp8": "vp8enc deadline=1 keyframe-max-dist={distance} target-bitrate=600000 ! rtpvp8pay pt=96"
           " picture-id-mode=2 ! application/x-rtp,media=video,encoding-name=VP8,payload=96",
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={distance} bitrate=600"
            " ! video/x-h264,profile=constrained-baseline ! h264parse config-interval=-1"
            " ! rtph264pay pt=102 aggregate-mode=zero-latency ! application/x-rtp,media=video,encoding-name=H264,payload=102,"
            "packetization-mode=(string)1",
}


def pipeline_of(arguments):
    parts = ["webrtcbin name=webrtc bundle-policy=max-bundle"]
    if arguments.video != "none":
        parts.append("videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1"
                     " ! videoconvert ! "
                     + VIDEO[arguments.video].format(distance=arguments.key_frame_distance)
                     + " ! webrtc.")
    if not arguments.no_audio:
        parts.append("audiotestsrc is-live=true freq=440"
                     f" wave={arguments.wave} volume={arguments.volume} ! audioconvert ! audioresample"
                     f" ! audio/x-raw,rate=48000,channels=2 ! opusenc dtx={arguments.dtx} ! rtpopuspay pt=111"
                     " ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! webrtc.")
    return Gst.parse_launch(" ".join(parts))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--video", choices=["vp8", "h264", "none"], default="vp8")
    parser.add_argument("--no-audio", action="store_true")
    parser.add_argument("--wave", default="sine", help="of audiotestsrc")
    parser.add_argument("--volume", type=float, default=0.8, help="amplitude, 0 to 1")
    parser.add_argument("--dtx", action="store_true", help="pauses are not sent")
    parser.add_argument("--trickle", action="store_true", help="candidates come by PATCH")
    parser.add_argument("--key-frame-distance", type=int, default=250, help="frames")
    parser.add_argument("--duration", type=float, default=60, help="seconds after connected")
    parser.add_argument("--token")
    arguments = parser.parse_args()

    Gst.init(None)
    pipeline = pipeline_of(arguments)
    peer = GstPeer(arguments.url, pipeline, arguments.trickle, arguments.token)
    for index in range(2):
        transceiver = peer.webrtc.emit("get-transceiver", index)
        if transceiver is not None:
            transceiver.set_property("direction",
                                     GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
            transceiver.set_property("do-nack", True)
    peer.webrtc.connect("on-negotiation-needed", lambda _webrtc: peer.create_offer())
    connected_ms = None
    stopped = False

    def is_done():
        nonlocal connected_ms
        if connected_ms is None and peer.is_connected():
            connected_ms = peer.since_start_ms()
            print(f"connected {connected_ms} ms", flush=True)
        return (connected_ms is not None
                and (stopped or peer.since_start_ms() > connected_ms + 1000 * arguments.duration))

    def stop(*_):
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)

    return 0 if peer.run(is_done, arguments.duration + 15) else 1


raise SystemExit(main())
