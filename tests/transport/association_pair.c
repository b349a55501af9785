#include "association_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wall_clock.h"

enum { ROOM_BYTES = 4096, TURN_MS = 10 };

struct pair_packet {
    struct pair_end *to;
    size_t bytes;
    uint8_t data[ASSOCIATION_PACKET_BYTES_MAX];
};

static bool is_lost(struct pair *pair)
{
    pair->random = pair->random * 1664525 + 1013904223;
    return (pair->random >> 8) % 100 < pair->loss_percent;
}

static void on_send(void *context, const uint8_t *packet, size_t packet_bytes)
{
    struct pair_end *end = context;
    struct pair *pair = end->pair;

    assert_true(packet_bytes <= ASSOCIATION_PACKET_BYTES_MAX);
    if (is_lost(pair) || pair->packet_count == PAIR_PACKETS_MAX)
        return;
    struct pair_packet *sent = &pair->packets[pair->packet_count++];
    sent->to = end == &pair->ends[0] ? &pair->ends[1] : &pair->ends[0];
    sent->bytes = packet_bytes;
    memcpy(sent->data, packet, packet_bytes);
}

static void on_ready(void *context)
{
    (void)context; /* pair_run reads anyway */
}

void pair_open(struct pair *pair, uint32_t send_queue_bytes, uint32_t receive_queue_bytes)
{
    static uint64_t next_id = 1;

    memset(pair, 0, sizeof *pair);
    pair->packets = calloc(PAIR_PACKETS_MAX, sizeof *pair->packets);
    assert_non_null(pair->packets);
    pair->now_ns = wall_clock_ns();
    assert_int_equal(association_start(), STATUS_OK);
    association_turn(pair->now_ns);
    for (unsigned i = 0; i < 2; i++) {
        struct pair_end *end = &pair->ends[i];
        const struct association_settings settings = {.id = next_id++,
                                                      .local_port = DATACHANNEL_PORT,
                                                      .remote_port = DATACHANNEL_PORT,
                                                      .streams = PAIR_STREAMS,
                                                      .send_queue_bytes = send_queue_bytes,
                                                      .receive_queue_bytes = receive_queue_bytes,
                                                      .context = end,
                                                      .send = on_send,
                                                      .on_ready = on_ready};
        end->pair = pair;
        end->reads = true;
        assert_int_equal(association_create(&settings, &end->association), STATUS_OK);
    }
}

void pair_close(struct pair *pair)
{
    for (unsigned i = 0; i < 2; i++)
        association_destroy(pair->ends[i].association);
    association_stop();
    free(pair->packets);
}

static void read_all(struct pair_end *end)
{
    static union {
        uint64_t aligned;
        uint8_t bytes[ROOM_BYTES];
    } room;
    struct association_message message;
    enum association_event event = ASSOCIATION_UP;

    while (!end->over && end->reads && event != ASSOCIATION_NOTHING) {
        event = association_read(end->association, room.bytes, sizeof room.bytes, &message);
        end->up = end->up || event == ASSOCIATION_UP;
        end->over = event == ASSOCIATION_OVER;
        if (event == ASSOCIATION_STREAM_CLOSED)
            end->closed[message.stream]++;
        if (event == ASSOCIATION_STREAM_DONE)
            end->done[message.stream]++;
        if (event == ASSOCIATION_MESSAGE) {
            assert_true(end->message_count < PAIR_MESSAGES_MAX);
            struct pair_message *read = &end->messages[end->message_count++];
            *read = (struct pair_message){.stream = message.stream,
                                          .payload_protocol = message.payload_protocol,
                                          .bytes = message.bytes,
                                          .too_long = message.too_long};
            memcpy(&read->number, room.bytes,
                   message.bytes < sizeof read->number ? message.bytes : sizeof read->number);
        }
    }
}

static void carry(struct pair *pair)
{
    while (pair->packet_count > 0) {
        const struct pair_packet first = pair->packets[0];
        memmove(pair->packets, pair->packets + 1, --pair->packet_count * sizeof first);
        association_receive(first.to->association, first.data, first.bytes);
        read_all(first.to);
    }
}

void pair_run(struct pair *pair, int64_t for_ms)
{
    for (int64_t passed_ms = 0; passed_ms < for_ms; passed_ms += TURN_MS) {
        carry(pair);
        pair->now_ns += mono_from_ms(TURN_MS);
        wall_clock_set(pair->now_ns);
        association_turn(pair->now_ns);
        read_all(&pair->ends[0]);
        read_all(&pair->ends[1]);
    }
}

enum status pair_send(struct pair_end *end, const struct association_delivery *delivery,
                      uint32_t number, size_t bytes)
{
    uint8_t *data = calloc(1, bytes);

    assert_non_null(data);
    memcpy(data, &number, bytes < sizeof number ? bytes : sizeof number);
    const enum status status = association_send(end->association, delivery, data, bytes);
    free(data);
    return status;
}
