/* tests/scenario/sim_broadcaster.h - a browser that publishes: frames at a steady rate, key frames
 * when asked, answers to NACKs, sender reports. */
#ifndef TESTS_SCENARIO_SIM_BROADCASTER_H
#define TESTS_SCENARIO_SIM_BROADCASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec.h"
#include "core/stream.h"
#include "sim_random.h"

enum { SIM_SENT_KEPT = 1024, SIM_PACKET_BYTES_MAX = 256 };

enum sim_payload_type {
    SIM_VP8 = 96,
    SIM_VP8_RTX = 97,
    SIM_H264 = 102,
    SIM_H264_RTX = 103,
    SIM_OPUS = 111,
};

struct sim_publish {
    enum codec video; /* CODEC_NONE: audio only */
    bool audio;
    bool rtx;
    unsigned parts;             /* packets a frame; a key frame has four times as many */
    unsigned key_frame_every;   /* frames; 0: when asked */
    bool ignores_plis;          /* as OBS and FFmpeg do */
    unsigned padding_per_mille; /* frames that a packet of padding only follows */
};

struct sim_sent {
    uint8_t data[SIM_PACKET_BYTES_MAX];
    uint16_t bytes; /* 0: nothing is kept */
};

struct sim_broadcaster_track {
    uint32_t ssrc;
    uint32_t rtx_ssrc;
    uint16_t sequence_number;
    uint16_t rtx_sequence_number;
    uint32_t first_timestamp;
    uint32_t frame;
    int64_t next_ns;
    uint32_t packets;
    struct sim_sent sent[SIM_SENT_KEPT]; /* by sequence number */
};

struct sim_broadcaster {
    bool live;
    uint8_t broadcast;
    struct sim_publish publish;
    int64_t began_ns;
    int64_t report_ns;
    bool key_frame_wanted;
    uint16_t transport_wide_number;
    unsigned plis;
    unsigned nacked;
    unsigned reports; /* report blocks received */
    unsigned wide;    /* transport-wide feedback messages received */
    int64_t last_pli_ns;
    int64_t least_pli_gap_ns; /* between two PLIs, 0: there were no two */
    struct sim_broadcaster_track track[TRACK_COUNT];
    struct sim_random *random; /* borrowed */
    /* Hands one datagram to the network. */
    void (*send)(void *context, const uint8_t *data, size_t bytes);
    void *send_context;
};

void sim_broadcaster_begin(struct sim_broadcaster *broadcaster, const struct sim_publish *publish,
                           int64_t now_ns);
void sim_broadcaster_end(struct sim_broadcaster *broadcaster);
/* What its answer would have settled. */
struct publication sim_broadcaster_publication(const struct sim_broadcaster *broadcaster);
/* Sends what is due. */
void sim_broadcaster_tick(struct sim_broadcaster *broadcaster, int64_t now_ns);
void sim_broadcaster_receive(struct sim_broadcaster *broadcaster, const uint8_t *compound,
                             size_t bytes, int64_t now_ns);

#endif
