#include "core/stream.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/congestion.h"
#include "core/keyframe.h"
#include "core/mono.h"
#include "core/padding.h"
#include "core/rtcp.h"
#include "core/rtp.h"
#include "core/source.h"

#define REPORT_NS MONO_SECOND

enum {
    NACKS_AT_ONCE_MAX = 64, /* numbers a track and compound */
    RTX_OSN_BYTES = 2,      /* RFC 4588 section 4: original sequence number */
};

static const char cname[] = "manycast";

struct stream {
    uint32_t stream_id;
    uint32_t ssrc; /* ours, as the sender of feedback */
    uint32_t bandwidth_bps;
    struct packet_pool *pool; /* borrowed */
    struct stats *stats;      /* borrowed */
    bool published;
    bool live; /* media arrived since stream_begin */
    struct publication publication;
    struct source sources[TRACK_COUNT];
    struct keyframe keyframe;
    struct padding padding; /* video's */
    uint8_t fir_command;
    struct congestion congestion;
    int64_t report_due_ns;
    int64_t last_packet_ns;
};

/* SplitMix64's finalizer, twice: settings->random_seed may be as plain as 1, 2, 3. */
static uint32_t scramble(uint64_t seed)
{
    seed = (seed + UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
    seed = (seed ^ (seed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(seed >> 32);
}

enum status stream_create(const struct stream_settings *settings, struct packet_pool *pool,
                          struct stats *stats, struct stream **stream)
{
    struct stream *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->stream_id = settings->stream_id;
    made->ssrc = scramble(settings->random_seed) | 1;
    made->bandwidth_bps = settings->bandwidth_bps;
    made->pool = pool;
    made->stats = stats;
    source_init(&made->sources[TRACK_AUDIO], CODEC_CLOCK_OPUS_HZ,
                scramble((uint64_t)settings->random_seed + (UINT64_C(1) << 32)));
    source_init(&made->sources[TRACK_VIDEO], CODEC_CLOCK_VIDEO_HZ,
                scramble((uint64_t)settings->random_seed + (UINT64_C(2) << 32)));
    keyframe_init(&made->keyframe, settings->key_frame_interval_ns);
    *stream = made;
    return STATUS_OK;
}

void stream_destroy(struct stream *stream)
{
    free(stream);
}

/* Takes a packet of the stream from the pool; NULL, counted, when it is empty. */
static struct packet *take_packet(struct stream *stream, enum packet_kind kind,
                                  enum track_kind track, int64_t now_ns)
{
    struct packet *packet = packet_take_or_null(stream->pool);

    if (packet == NULL) {
        STATS_ADD(stream->stats, drop_pool_empty, 1);
        return NULL;
    }
    packet->kind = (uint8_t)kind;
    packet->track = (uint8_t)track;
    packet->stream_id = stream->stream_id;
    packet->arrival_ns = now_ns;
    return packet;
}

struct packet *stream_begin(struct stream *stream, const struct publication *publication,
                            int64_t now_ns)
{
    stream->publication = *publication;
    stream->published = true;
    stream->live = false;
    for (unsigned i = 0; i < TRACK_COUNT; i++)
        source_begin(&stream->sources[i], publication->ssrc[i], publication->rtx_ssrc[i], now_ns);
    keyframe_reset(&stream->keyframe);
    congestion_reset(&stream->congestion);
    stream->report_due_ns = now_ns + REPORT_NS / 4; /* REMB soon: senders start at a crawl */
    return take_packet(stream, PACKET_PUBLISHED, TRACK_VIDEO, now_ns);
}

void stream_update(struct stream *stream, const struct publication *publication, int64_t now_ns)
{
    const struct publication before = stream->publication;

    stream->publication = *publication;
    for (unsigned i = 0; i < TRACK_COUNT; i++) {
        if (publication->offered[i] != before.offered[i] ||
            publication->ssrc[i] != before.ssrc[i] ||
            publication->rtx_ssrc[i] != before.rtx_ssrc[i])
            source_begin(&stream->sources[i], publication->ssrc[i], publication->rtx_ssrc[i],
                         now_ns);
    }
}

struct packet *stream_end(struct stream *stream, int64_t now_ns)
{
    stream->published = false;
    stream->live = false;
    return take_packet(stream, PACKET_UNPUBLISHED, TRACK_VIDEO, now_ns);
}

/* The format that payload_type means in the publication, as media or (*rtx) as its RTX; NULL: none.
 */
static const struct profile_format *find_format(const struct stream *stream, uint8_t payload_type,
                                                bool *rtx)
{
    const struct profile *negotiated = &stream->publication.negotiated;

    for (unsigned i = 0; i < negotiated->format_count; i++) {
        const struct profile_format *format = &negotiated->formats[i];
        *rtx = format->rtx_payload_type == payload_type;
        if (*rtx || format->payload_type == payload_type)
            return format;
    }
    return NULL;
}

static void note_transport_wide(struct stream *stream, const struct rtp *rtp, const uint8_t *data,
                                int64_t now_ns)
{
    const struct rtp_element *element = rtp_find_element(
        rtp, stream->publication.negotiated.extension_id[EXTENSION_TRANSPORT_WIDE]);

    if (stream->publication.transport_wide && element != NULL && element->bytes == 2) {
        struct bytes number = bytes_of(&data[element->offset], element->bytes);
        congestion_on_packet(&stream->congestion, bytes_u16(&number), now_ns);
    }
}

/* Copies a packet's bytes, without padding and, for RTX, without the original sequence number. */
static void copy_data(struct packet *packet, const struct rtp *rtp, const uint8_t *data, bool rtx)
{
    uint16_t cut = rtx ? RTX_OSN_BYTES : 0;

    packet->payload_offset = rtp->payload_offset;
    packet->payload_bytes = (uint16_t)(rtp->payload_bytes - cut);
    memcpy(packet->data, data, rtp->payload_offset);
    memcpy(&packet->data[rtp->payload_offset], &data[rtp->payload_offset + cut],
           packet->payload_bytes);
}

/* Notes where the extensions stand that are carried on to viewers. */
static void find_extensions(const struct stream *stream, struct packet *packet,
                            const struct rtp *rtp)
{
    for (int i = EXTENSION_AUDIO_LEVEL; i < EXTENSION_COUNT; i++) {
        const struct rtp_element *element =
            rtp_find_element(rtp, stream->publication.negotiated.extension_id[i]);
        if (element != NULL) {
            packet->extension[i] =
                (struct packet_extension){.offset = element->offset, .bytes = element->bytes};
        }
    }
}

static struct packet *make_packet(struct stream *stream, const struct rtp *rtp, const uint8_t *data,
                                  const struct codec_format *format, bool rtx,
                                  const struct source_place *place, int64_t now_ns)
{
    enum track_kind track = codec_track((enum codec)format->codec);
    struct packet *packet = take_packet(stream, PACKET_MEDIA, track, now_ns);
    if (packet == NULL)
        return NULL;
    copy_data(packet, rtp, data, rtx);
    find_extensions(stream, packet, rtp);
    struct codec_peek peek = codec_peek(
        (enum codec)format->codec, &packet->data[packet->payload_offset], packet->payload_bytes);
    packet->sequence_number = place->sequence_number;
    packet->timestamp = place->timestamp;
    packet->format = *format;
    packet->marker = rtp->marker;
    packet->key_frame_start =
        source_on_forward(&stream->sources[track], format, &peek, rtp->timestamp);
    packet->frame_start = peek.frame_start;
    packet->temporal_layer = peek.temporal_layer;
    packet->spatial_layer = peek.spatial_layer;
    if (packet->key_frame_start && track == TRACK_VIDEO) {
        keyframe_on_arrival(&stream->keyframe, now_ns);
        STATS_ADD(stream->stats, key_frames, 1);
    }
    if (track == TRACK_VIDEO)
        STATS_ADD(stream->stats, padding_bytes, padding_add(&stream->padding, packet));
    return packet;
}

/* Finds the packet's place in its track's numbering. */
static enum source_verdict place_packet(struct source *source, const struct rtp *rtp,
                                        const uint8_t *data, bool rtx, int64_t now_ns,
                                        struct source_place *place)
{
    if (!rtx)
        return source_receive(source, rtp, now_ns, place);
    if (rtp->payload_bytes < RTX_OSN_BYTES) /* browsers probe the bandwidth with these */
        return SOURCE_PADDING;
    struct bytes payload = bytes_of(&data[rtp->payload_offset], rtp->payload_bytes);
    return source_receive_rtx(source, rtp, bytes_u16(&payload), now_ns, place);
}

struct packet *stream_receive_rtp(struct stream *stream, const uint8_t *rtp, size_t rtp_bytes,
                                  int64_t now_ns)
{
    struct rtp parsed;
    struct source_place place;
    bool rtx = false;

    STATS_ADD(stream->stats, packets_in, 1);
    STATS_ADD(stream->stats, bytes_in, rtp_bytes);
    if (rtp_bytes > PACKET_BYTES_MAX || rtp_parse(rtp, rtp_bytes, &parsed) != STATUS_OK) {
        STATS_ADD(stream->stats, drop_rtp_malformed, 1);
        return NULL;
    }
    const struct profile_format *format =
        stream->published ? find_format(stream, parsed.payload_type, &rtx) : NULL;
    if (format == NULL ||
        !stream->publication.offered[codec_track((enum codec)format->format.codec)]) {
        STATS_ADD(stream->stats, drop_rtp_unknown, 1);
        return NULL;
    }
    note_transport_wide(stream, &parsed, rtp, now_ns);
    struct source *source = &stream->sources[codec_track((enum codec)format->format.codec)];
    bitrate_add(&source->bitrate, rtp_bytes, now_ns);
    switch (place_packet(source, &parsed, rtp, rtx, now_ns, &place)) {
    case SOURCE_FORWARD:
        stream->live = true;
        stream->last_packet_ns = now_ns;
        return make_packet(stream, &parsed, rtp, &format->format, rtx, &place, now_ns);
    case SOURCE_PADDING:
        break;
    case SOURCE_DUPLICATE:
        STATS_ADD(stream->stats, drop_rtp_duplicate, 1);
        break;
    case SOURCE_UNKNOWN:
        STATS_ADD(stream->stats, drop_rtp_unknown, 1);
        break;
    }
    return NULL;
}

/* Handles one SR; returns what viewers are to be told of it, or NULL. */
static struct packet *receive_sender_report(struct stream *stream,
                                            const struct rtcp_sender_info *info, int64_t now_ns)
{
    for (int i = 0; i < TRACK_COUNT; i++) {
        struct source *source = &stream->sources[i];
        uint32_t timestamp = 0;
        if (!source->known || source->ssrc != info->ssrc)
            continue;
        reception_on_sender_report(&source->reception, info->ntp_timestamp, now_ns);
        if (!rewrite_timestamp(&source->rewrite, info->timestamp, &timestamp))
            return NULL;
        struct packet *packet =
            take_packet(stream, PACKET_SENDER_REPORT, (enum track_kind)i, now_ns);
        if (packet != NULL) {
            packet->ntp_timestamp = info->ntp_timestamp;
            packet->timestamp = timestamp;
        }
        return packet;
    }
    return NULL;
}

unsigned stream_receive_rtcp(struct stream *stream, const uint8_t *compound, size_t compound_bytes,
                             struct packet *reports[TRACK_COUNT], int64_t now_ns)
{
    struct bytes bytes = bytes_of(compound, compound_bytes);
    unsigned count = 0;
    enum status status = stream->published ? STATUS_OK : STATUS_NOT_FOUND;

    for (unsigned i = 0; i < RTCP_PARTS_MAX && status == STATUS_OK; i++) {
        struct rtcp_part part;
        struct rtcp_sender_info info;
        status = rtcp_next(&bytes, &part);
        if (status != STATUS_OK || part.type != RTCP_SENDER_REPORT)
            continue;
        status = rtcp_read_sender_info(&part, &info);
        struct packet *report = status == STATUS_OK && count < TRACK_COUNT
                                    ? receive_sender_report(stream, &info, now_ns)
                                    : NULL;
        if (report != NULL)
            reports[count++] = report;
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        STATS_ADD(stream->stats, drop_rtcp_malformed, 1);
    return count;
}

void stream_want_key_frame(struct stream *stream, int64_t now_ns)
{
    keyframe_want(&stream->keyframe, now_ns);
}

void stream_set_bandwidth(struct stream *stream, uint32_t bandwidth_bps)
{
    stream->bandwidth_bps = bandwidth_bps;
}

/* A request can be sent: the track is there, and the broadcaster understands one of the two. */
static bool can_ask_for_key_frame(const struct stream *stream)
{
    return stream->publication.offered[TRACK_VIDEO] && stream->sources[TRACK_VIDEO].known &&
           (stream->publication.nack_pli || stream->publication.fir);
}

static struct rtcp_feedback feedback_for(const struct stream *stream, enum track_kind track)
{
    return (struct rtcp_feedback){.sender_ssrc = stream->ssrc,
                                  .media_ssrc = stream->sources[track].ssrc};
}

/* Every compound begins with a receiver report (RFC 3550 section 6.1), empty between two regular
 * ones. */
static void put_reports(struct stream *stream, struct bytes_writer *writer, int64_t now_ns)
{
    struct rtcp_report reports[TRACK_COUNT];
    uint32_t ssrcs[TRACK_COUNT];
    unsigned count = 0;

    if (now_ns < stream->report_due_ns) {
        rtcp_put_receiver_report(writer, stream->ssrc, NULL, 0);
        return;
    }
    stream->report_due_ns = now_ns + REPORT_NS;
    for (unsigned i = 0; i < TRACK_COUNT; i++) {
        struct source *source = &stream->sources[i];
        if (source->known && source->reception.begun) {
            ssrcs[count] = source->ssrc;
            reports[count++] = reception_report(&source->reception, source->ssrc, now_ns);
        }
    }
    rtcp_put_receiver_report(writer, stream->ssrc, reports, count);
    rtcp_put_description(writer, stream->ssrc, cname);
    if (stream->publication.remb && count > 0)
        rtcp_put_remb(writer, stream->ssrc, stream->bandwidth_bps, ssrcs, count);
}

static void put_nacks(struct stream *stream, struct bytes_writer *writer, int64_t now_ns)
{
    for (int i = 0; i < TRACK_COUNT; i++) {
        uint16_t numbers[NACKS_AT_ONCE_MAX];
        unsigned most = stream->publication.negotiated.nack[i] ? NACKS_AT_ONCE_MAX : 0;
        unsigned count = loss_take_nacks(&stream->sources[i].loss, numbers, most, now_ns);
        if (count > 0) {
            rtcp_put_nack(writer, feedback_for(stream, (enum track_kind)i), numbers, count);
            STATS_ADD(stream->stats, nacks_out, count);
        }
    }
}

static void put_key_frame_request(struct stream *stream, struct bytes_writer *writer,
                                  int64_t now_ns)
{
    if (!can_ask_for_key_frame(stream) || !keyframe_take(&stream->keyframe, now_ns))
        return;
    if (stream->publication.nack_pli)
        rtcp_put_pli(writer, feedback_for(stream, TRACK_VIDEO));
    else
        rtcp_put_fir(writer, feedback_for(stream, TRACK_VIDEO), stream->fir_command++);
    STATS_ADD(stream->stats, plis_out, 1);
}

/* When there is something to say other than transport-wide feedback. */
static int64_t reports_due_ns(const struct stream *stream)
{
    int64_t due_ns = stream->report_due_ns;

    for (unsigned i = 0; i < TRACK_COUNT; i++)
        if (stream->publication.negotiated.nack[i])
            due_ns = mono_earlier(due_ns, loss_due_ns(&stream->sources[i].loss));
    if (can_ask_for_key_frame(stream))
        due_ns = mono_earlier(due_ns, keyframe_due_ns(&stream->keyframe));
    return due_ns;
}

int64_t stream_feedback_due_ns(const struct stream *stream)
{
    if (!stream->published)
        return MONO_NEVER;
    return mono_earlier(reports_due_ns(stream), congestion_due_ns(&stream->congestion));
}

size_t stream_write_feedback(struct stream *stream, uint8_t *out, int64_t now_ns)
{
    struct bytes_writer writer = bytes_writer_of(out, STREAM_FEEDBACK_BYTES_MAX);

    if (stream_feedback_due_ns(stream) > now_ns)
        return 0;
    bool reports = reports_due_ns(stream) <= now_ns;
    put_reports(stream, &writer, now_ns);
    if (reports) {
        put_nacks(stream, &writer, now_ns);
        put_key_frame_request(stream, &writer, now_ns);
    } else {
        enum track_kind track = stream->sources[TRACK_VIDEO].known ? TRACK_VIDEO : TRACK_AUDIO;
        congestion_put_feedback(&stream->congestion, &writer, feedback_for(stream, track), now_ns);
    }
    return bytes_writer_ok(&writer) ? bytes_written(&writer) : 0;
}

void stream_read_report(struct stream *stream, struct stream_report *report, int64_t now_ns)
{
    struct stream_report read = {
        .live = stream->live,
        .key_frames = stream->sources[TRACK_VIDEO].key_frames,
        .last_packet_ns = stream->last_packet_ns,
    };

    for (unsigned i = 0; i < TRACK_COUNT; i++) {
        const struct source *source = &stream->sources[i];
        read.has[i] = stream->live && source->format.codec != CODEC_NONE;
        read.format[i] = source->format;
        read.bitrate_bps[i] = bitrate_bps(&source->bitrate, now_ns);
        read.packets_lost[i] = source->loss.given_up;
    }
    *report = read;
}
