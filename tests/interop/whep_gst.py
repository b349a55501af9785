#!/usr/bin/python3
"""whep_gst.py URL - a GStreamer viewer: receives by WHEP, decodes, counts.

Done when as many frames and audio buffers were decoded as wanted; exit status 0 then.
"""

import argparse
import signal

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstWebRTC  # noqa: E402

from gst_peer import GstPeer  # noqa: E402

CAPS = {
    "vp8": "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
    "h264": "application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,"
            "packetization-mode=(string)1,profile-level-id=(string)42e01f",
    "opus": "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,"
            "encoding-params=(string)2",
}


class Viewer(GstPeer):
    def __init__(self, url, trickle):
        pipeline = Gst.Pipeline.new(None)
        webrtc = Gst.ElementFactory.make("webrtcbin", "webrtc")
        webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        pipeline.add(webrtc)
        super().__init__(url, pipeline, trickle)
        self.decoded = {"video": 0, "audio": 0}
        self.first_ms = {}
        self.webrtc.connect("pad-added", self.on_track)

    def on_track(self, _webrtc, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decode = Gst.ElementFactory.make("decodebin")
        decode.connect("pad-added", self.on_decoded)
        self.pipeline.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def on_decoded(self, _decode, pad):
        kind = pad.get_current_caps().get_structure(0).get_name().split("/")[0]
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("signal-handoffs", True)
        sink.set_property("sync", False)
        sink.connect("handoff", self.on_frame, kind)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def on_frame(self, _sink, _buffer, _pad, kind):
        self.first_ms.setdefault(kind, self.since_start_ms())
        self.decoded[kind] += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--video", default="vp8", help="codecs offered, or none")
    parser.add_argument("--video-frames", type=int, default=50)
    parser.add_argument("--audio-buffers", type=int, default=50)
    parser.add_argument("--trickle", action="store_true", help="candidates come by PATCH")
    parser.add_argument("--limit", type=float, default=30, help="seconds")
    arguments = parser.parse_args()

    Gst.init(None)
    viewer = Viewer(arguments.url, arguments.trickle)
    kinds = ([] if arguments.video == "none" else [arguments.video]) + ["opus"]
    for kind in kinds:
        viewer.webrtc.emit("add-transceiver",
                           GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY,
                           Gst.Caps.from_string(CAPS[kind]))
    viewer.webrtc.connect("on-negotiation-needed", lambda _webrtc: viewer.create_offer())
    signal.signal(signal.SIGTERM, lambda *_: viewer.loop.quit())

    done = viewer.run(lambda: (viewer.decoded["video"] >= arguments.video_frames
                               and viewer.decoded["audio"] >= arguments.audio_buffers),
                      arguments.limit)
    print(f"decoded {viewer.decoded['video']} frames (first after"
          f" {viewer.first_ms.get('video', '-')} ms), {viewer.decoded['audio']} audio buffers")
    return 0 if done else 1


raise SystemExit(main())
