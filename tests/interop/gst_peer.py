"""What a GStreamer broadcaster and a GStreamer viewer share: one webrtcbin, one HTTP session."""

import re
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from http_session import HttpSession  # noqa: E402


class GstPeer:
    """offers once, in one of two ways: all candidates in the offer, or none there and a PATCH."""

    def __init__(self, url, pipeline, trickle=False, token=None):
        self.http = HttpSession(url, token)
        self.pipeline = pipeline
        self.trickle = trickle
        self.loop = GLib.MainLoop()
        self.began = time.monotonic()
        self.offer = None
        self.candidates = []
        self.error = None
        self.webrtc = pipeline.get_by_name("webrtc")
        self.webrtc.connect("on-ice-candidate", self.on_candidate)
        self.webrtc.connect("notify::ice-gathering-state", self.on_gathering)
        bus = pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_bus_error)

    def since_start_ms(self):
        return round(1000 * (time.monotonic() - self.began))

    def fail(self, why):
        self.error = self.error or str(why)
        self.loop.quit()

    def on_bus_error(self, _bus, message):
        error, debug = message.parse_error()
        self.fail(f"{error.message} ({debug})")

    def on_candidate(self, _webrtc, index, candidate):
        if index == 0:  # the rest is bundled
            self.candidates.append(candidate)

    def create_offer(self):
        promise = Gst.Promise.new_with_change_func(self.on_offer, None)
        self.webrtc.emit("create-offer", None, promise)

    def on_offer(self, promise, _context):
        promise.wait()
        reply = promise.get_reply()  # owns the description
        description = reply.get_value("offer")
        self.offer = description.sdp.as_text()
        self.webrtc.emit("set-local-description", description, Gst.Promise.new())
        if self.trickle:
            GLib.idle_add(self.exchange, self.offer)

    def on_gathering(self, webrtc, _parameter):
        if webrtc.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            return
        if self.trickle:
            GLib.idle_add(self.send_candidates)
        else:
            local = webrtc.get_property("local-description")
            GLib.idle_add(self.exchange, local.sdp.as_text())

    def exchange(self, offer):
        try:
            answer = self.http.post(offer)
        except (OSError, RuntimeError) as error:
            self.fail(error)
            return False
        _, message = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(
            GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.webrtc.emit("set-remote-description", description, Gst.Promise.new())
        return False

    def send_candidates(self):
        if self.http.location is None:  # the offer is still on its way
            GLib.timeout_add(20, self.send_candidates)
            return False
        ufrag, password, mid = (re.search(f"a={name}:(.*?)\r?\n", self.offer)[1]
                                for name in ("ice-ufrag", "ice-pwd", "mid"))
        try:
            self.http.trickle(ufrag, password, mid, self.candidates)
        except (OSError, RuntimeError) as error:
            self.fail(error)
        return False

    def is_connected(self):
        state = self.webrtc.get_property("connection-state")
        return state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED

    def run(self, is_done, limit_s):
        """Until is_done(), an error, or the limit; then says goodbye. Answers whether it was done."""
        done = False

        def tick():
            nonlocal done
            done = done or is_done()
            if done or self.since_start_ms() > 1000 * limit_s:
                self.loop.quit()
                return False
            return True

        GLib.timeout_add(50, tick)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        state = self.webrtc.get_property("connection-state").value_nick
        self.pipeline.set_state(Gst.State.NULL)
        if self.http.location is not None:
            try:
                self.http.delete()
            except (OSError, RuntimeError) as error:
                self.error = self.error or str(error)
        if self.error:
            print(f"error: {self.error}", file=sys.stderr)
        elif not done:
            print(f"error: not done after {limit_s} s, connection {state}", file=sys.stderr)
        return done and not self.error
