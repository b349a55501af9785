#!/usr/bin/env python3
"""The server's own delay, from a capture of its wires: python3 bench/own_delay.py FILE.pcap FIRST-LAST PORT

FIRST-LAST are ingest.ports, PORT is media.port; capture with: tcpdump -i lo -s 80 -w FILE.pcap udp
A packet to a viewer is paired with the broadcaster's packet of the same place: RTP headers are in clear, and a viewer's
sequence numbers and timestamps are the broadcaster's plus a constant each.
"""
import struct
import sys
from collections import Counter, defaultdict

CANDIDATES = 1000  # offsets tried: a regular stream fits many, and only one of them without waiting


def packets(path):
    """Yields (microseconds, source port, destination port, sequence number, timestamp, SSRC) of each RTP packet."""
    with open(path, "rb") as capture:
        data = capture.read()
    link = struct.unpack("<I", data[20:24])[0]
    at = 24
    while at + 16 <= len(data):
        seconds, micros, kept, _ = struct.unpack("<IIII", data[at : at + 16])
        frame = data[at + 16 : at + 16 + kept]
        at += 16 + kept
        packet = frame[14:] if link == 1 else frame[16:]
        if len(packet) < 48:
            continue
        head = (packet[0] & 15) * 4 if packet[0] >> 4 == 4 else 40
        source, destination = struct.unpack(">HH", packet[head : head + 4])
        rtp = packet[head + 8 :]
        if len(rtp) < 12 or rtp[0] >> 6 != 2 or 64 <= rtp[1] & 127 <= 95:
            continue
        sequence_number, timestamp, ssrc = struct.unpack(">HII", rtp[2:12])
        yield seconds * 10**6 + micros, source, destination, sequence_number, timestamp, ssrc


def delays(arrived, left):
    """Microseconds from arrival to departure of the packets that pair, by the offset that fits best."""
    when = {(number, stamp): micros for micros, number, stamp in arrived}
    offsets = Counter(
        ((there[1] - here[1]) & 0xFFFF, (there[2] - here[2]) & 0xFFFFFFFF) for there in left[-50:] for here in arrived[-400:]
    )
    best = []
    for (number, stamp), _ in offsets.most_common(CANDIDATES):
        paired = [
            micros - when[key]
            for micros, key in ((t, ((n - number) & 0xFFFF, (s - stamp) & 0xFFFFFFFF)) for t, n, s in left)
            if key in when
        ]
        paired.sort()
        if len(paired) < len(left) // 2 or paired[0] < 0:
            continue
        if not best or paired[len(paired) // 2] < best[len(best) // 2]:
            best = paired
    return best


def main():
    path, ingest, media = sys.argv[1], sys.argv[2].split("-"), int(sys.argv[3])
    arrived, left = defaultdict(list), defaultdict(list)
    for micros, source, destination, number, stamp, ssrc in packets(path):
        if int(ingest[0]) <= destination <= int(ingest[1]):
            arrived[ssrc].append((micros, number, stamp))
        elif source == media:
            left[ssrc].append((micros, number, stamp))
    for ssrc, sent in left.items():
        fitting = [found for found in (delays(came, sent) for came in arrived.values()) if len(found) > 50]
        if fitting:
            best = min(fitting, key=lambda each: each[len(each) // 2])
            shares = [(name, best[min(len(best) - 1, int(share * len(best)))]) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))]
            print(f"SSRC {ssrc:08x}: {len(best)} packets, " + ", ".join(f"{name} {micros} us" for name, micros in shares))


main()
