#include "core/history.h"

#include <stdlib.h>

enum { HISTORY_PACKETS_MAX = 1 << 16 };

/* Slot sequence_number & mask holds the packet of that number or NULL. Everything kept lies in
 * oldest..newest, which never spans more than the slots. */
struct history {
    int64_t age_ns;
    int64_t oldest;
    int64_t newest; /* below oldest: nothing is kept */
    int64_t mask;
    struct packet *slots[];
};

enum status history_create(unsigned packets, int64_t age_ns, struct history **history)
{
    size_t slots = 1;

    if (packets > HISTORY_PACKETS_MAX)
        return STATUS_FULL;
    while (slots < packets)
        slots *= 2;
    struct history *made = calloc(1, sizeof *made + slots * sizeof(struct packet *));
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->age_ns = age_ns;
    made->mask = (int64_t)slots - 1;
    made->oldest = 0;
    made->newest = -1;
    *history = made;
    return STATUS_OK;
}

/* Lets go all before sequence number first. */
static void forget_before(struct history *history, int64_t first)
{
    for (; history->oldest < first && history->oldest <= history->newest; history->oldest++) {
        struct packet **slot = &history->slots[history->oldest & history->mask];
        packet_unref(*slot);
        *slot = NULL;
    }
    if (history->oldest > history->newest) { /* emptied: it may begin anywhere */
        history->oldest = first;
        history->newest = first - 1;
    }
}

/* Lets go the oldest ones as long as they are too old, and the holes between them. */
static void forget_aged(struct history *history, int64_t now_ns)
{
    int64_t first = history->oldest;

    for (; first <= history->newest; first++) {
        const struct packet *packet = history->slots[first & history->mask];
        if (packet != NULL && now_ns - packet->arrival_ns <= history->age_ns)
            break;
    }
    if (first > history->oldest)
        forget_before(history, first);
}

void history_destroy(struct history *history)
{
    if (history == NULL)
        return;
    history_clear(history);
    free(history);
}

void history_clear(struct history *history)
{
    forget_before(history, history->newest + 1);
}

void history_push(struct history *history, struct packet *packet, int64_t now_ns)
{
    int64_t number = packet->sequence_number;

    forget_aged(history, now_ns);
    if (history->newest < history->oldest) {
        history->oldest = number;
        history->newest = number;
    }
    if (number > history->newest) {
        forget_before(history, number - history->mask);
        history->newest = number;
    }
    if (number < history->newest - history->mask)
        return;
    if (number < history->oldest)
        history->oldest = number;
    struct packet **slot = &history->slots[number & history->mask];
    packet_unref(*slot);
    *slot = packet_ref(packet);
}

struct packet *history_find(const struct history *history, int64_t sequence_number, int64_t now_ns)
{
    if (sequence_number < history->oldest || sequence_number > history->newest)
        return NULL;
    struct packet *packet = history->slots[sequence_number & history->mask];
    if (packet == NULL || now_ns - packet->arrival_ns > history->age_ns)
        return NULL;
    return packet;
}
