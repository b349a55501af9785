/* core/stats.h - counters, one struct stats a thread, written by that thread alone with relaxed
 * stores, summed by whoever reads (metrics, on main). A counter is named once, in the lists below:
 * name, help text. */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define STATS_COUNTERS(X)                                                                          \
    X(packets_in, "RTP packets received from broadcasters")                                        \
    X(bytes_in, "Bytes of RTP received from broadcasters")                                         \
    X(padding_bytes, "Bytes of RTP padding put behind broadcasters' payloads")                     \
    X(packets_out, "RTP packets sent to viewers")                                                  \
    X(bytes_out, "Bytes of SRTP sent to viewers")                                                  \
    X(packets_resent, "RTP packets sent again to viewers after a NACK")                            \
    X(rtcp_in, "RTCP compounds accepted")                                                          \
    X(rtcp_out, "RTCP compounds sent")                                                             \
    X(nacks_in, "NACK messages received from viewers")                                             \
    X(nacked_packets, "Packets asked for by viewers' NACKs")                                       \
    X(nacked_not_kept, "Packets asked for by viewers and no longer kept")                          \
    X(nacks_out, "Packets asked for from broadcasters by NACK")                                    \
    X(plis_in, "Key frame requests received from viewers")                                         \
    X(plis_out, "Key frame requests sent to broadcasters")                                         \
    X(replays, "Viewers begun, or begun anew, with a key frame that was kept")                     \
    X(replayed_packets, "RTP packets sent to viewers on their way to the live edge")               \
    X(key_frames, "Key frames received from broadcasters")                                         \
    X(handshakes_started, "DTLS handshakes started")                                               \
    X(handshakes_done, "DTLS handshakes completed")                                                \
    X(handshakes_failed, "DTLS handshakes failed")                                                 \
    X(joins_refused, "Viewers refused: media.joins or media.viewers reached")                      \
    X(sessions_opened, "Media sessions connected")                                                 \
    X(sessions_closed, "Media sessions ended after they were connected")                           \
    X(batches, "Batches fanned out")                                                               \
    X(batch_packets, "Packets in the batches fanned out")                                          \
    X(viewers_cut, "Viewers' video cut to the next key frame: they took less than they were sent") \
    X(sends_plain, "Datagrams sent one a message")                                                 \
    X(sends_gso, "Messages sent with UDP segmentation offload")                                    \
    X(data_opened, "SCTP associations for data channels opened")                                   \
    X(data_closed, "SCTP associations for data channels ended")                                    \
    X(data_channels, "Data channels opened by broadcasters")                                       \
    X(data_messages_in, "Data channel messages received")                                          \
    X(data_messages_out, "Data channel messages sent")                                             \
    X(data_bytes_out, "Bytes of data channel messages sent")                                       \
    X(data_chat, "Chat lines taken from viewers' data channels")                                   \
    X(data_cut_slow, "Associations cut: too far behind on a reliable channel")                     \
    X(data_drop_queue, "Data channel messages dropped: unreliable, and the viewer's queue full")   \
    X(data_drop_too_long, "Data channel messages dropped: longer than ours or the viewer's limit") \
    X(data_drop_unwanted, "Data channel messages dropped: on no channel that leads anywhere")      \
    X(data_drop_handover, "Data channel packets dropped: too many on their way between threads")   \
    X(data_refused, "Associations and channels refused: limit reached")                            \
    X(send_fallbacks, "Sockets that gave up UDP segmentation offload, which was refused")          \
    X(monitor_packets, "Audio packets that the audio monitor listened to")                         \
    X(monitor_undecoded, "Audio packets it could not decode, or would not: more sound than time")

/* What was thrown away, by reason. */
#define STATS_DROPS(X)                                                                             \
    X(drop_monitor_full, "Audio packets it missed: it had no time for them")                       \
    X(drop_unknown_address, "Datagrams dropped: from an address without an authenticated check")   \
    X(drop_stun_malformed, "STUN dropped: malformed")                                              \
    X(drop_stun_unknown_user, "STUN dropped: no such user name")                                   \
    X(drop_stun_integrity, "STUN dropped: wrong integrity")                                        \
    X(drop_not_for_us, "Datagrams dropped: first byte of no protocol that is served")              \
    X(drop_rtp_malformed, "RTP dropped: malformed")                                                \
    X(drop_rtp_unknown, "RTP dropped: unknown SSRC or payload type")                               \
    X(drop_rtp_duplicate, "RTP dropped: duplicate or too old")                                     \
    X(drop_rtcp_malformed, "RTCP dropped: malformed")                                              \
    X(drop_srtp, "SRTP or SRTCP dropped: authentication or replay")                                \
    X(drop_pool_empty, "RTP dropped: packet pool empty")                                           \
    X(drop_ring_full, "RTP dropped: a worker's ring full")                                         \
    X(drop_send_again, "Datagrams dropped on send: socket buffer full")                            \
    X(drop_send_error, "Datagrams dropped on send: other error")                                   \
    X(drop_tcp_queue, "Datagrams dropped: a TCP viewer's queue full")                              \
    X(drop_too_large, "Datagrams dropped: larger than any that is served")                         \
    X(drop_handshake_limit, "DTLS datagrams dropped: limit before connected reached")

#define STATS_LIST(X) STATS_COUNTERS(X) STATS_DROPS(X)

/* Distributions: name, help text, the upper bounds of the buckets but the last, which has none. */
#define STATS_HISTOGRAMS(X)                                                                        \
    X(batch_size, "Packets in a batch fanned out", 1, 2, 4, 8, 16, 24, 32, 48)                     \
    X(forward_delay_us,                                                                            \
      "Microseconds from the arrival of a batch's first packet until its last viewer was served",  \
      250, 500, 1000, 2000, 5000, 10000, 20000, 50000)                                             \
    X(join_ice_ms, "Milliseconds from a viewer's answer to its first authenticated check", 10, 50, \
      100, 200, 500, 1000, 2000, 5000)                                                             \
    X(join_dtls_ms, "Milliseconds from a viewer's first check to the end of its DTLS handshake",   \
      10, 50, 100, 200, 500, 1000, 2000, 5000)                                                     \
    X(join_media_ms, "Milliseconds from the end of a viewer's handshake to its first media sent",  \
      10, 50, 100, 200, 500, 1000, 2000, 5000)                                                     \
    X(report_loss_permille, "Packets lost, of a thousand, as viewers' reports of a track say", 0,  \
      5, 10, 20, 50, 100, 200, 500)                                                                \
    X(report_round_trip_ms, "Milliseconds of round trip, as viewers' reports say", 10, 25, 50,     \
      100, 200, 400, 800, 1600)

enum { STATS_BOUNDS = 8 };

struct stats_histogram {
    _Atomic uint64_t buckets[STATS_BOUNDS + 1];
    _Atomic uint64_t sum;
};

struct stats {
#define STATS_FIELD(name, help) _Atomic uint64_t name;
    STATS_LIST(STATS_FIELD)
#undef STATS_FIELD
#define STATS_HISTOGRAM(name, help, ...) struct stats_histogram name;
    STATS_HISTOGRAMS(STATS_HISTOGRAM)
#undef STATS_HISTOGRAM
};

/* Adds to one of the owner thread's own counters: a load and a store, no locked instruction. */
#define STATS_ADD(stats, name, amount)                                                             \
    atomic_store_explicit(&(stats)->name,                                                          \
                          atomic_load_explicit(&(stats)->name, memory_order_relaxed) +             \
                              (uint64_t)(amount),                                                  \
                          memory_order_relaxed)

/* Notes value in a histogram of the owner thread's own stats. */
#define STATS_OBSERVE(stats, name, value)                                                          \
    stats_observe(&(stats)->name, stats_bounds_##name, (uint64_t)(value))
/* The same for how long something took, in milliseconds; less than nothing (the time that a loop
 * read when its turn began may be before the beginning) is nothing. */
#define STATS_OBSERVE_MS(stats, name, took_ns)                                                     \
    STATS_OBSERVE(stats, name, (took_ns) > 0 ? (took_ns) / 1000000 : 0)
#define STATS_DECLARE_BOUNDS(name, help, ...)                                                      \
    extern const uint32_t stats_bounds_##name[STATS_BOUNDS];
STATS_HISTOGRAMS(STATS_DECLARE_BOUNDS)
#undef STATS_DECLARE_BOUNDS
void stats_observe(struct stats_histogram *histogram, const uint32_t bounds[STATS_BOUNDS],
                   uint64_t value);

/* Adds every counter of part to sum (sum is the caller's alone). Any thread. */
void stats_sum(struct stats *sum, const struct stats *part);

#endif
