#include "transport/data_group.h"

#include <stdlib.h>

struct data_group *data_group_make(uint32_t stream_id, unsigned channels_max)
{
    struct data_group *group = calloc(1, sizeof *group + channels_max * sizeof group->channels[0]);

    if (group == NULL)
        return NULL;
    group->stream_id = stream_id;
    group->channels_max = channels_max;
    return group;
}

void data_group_add(struct data_group *group, struct data_peer *peer)
{
    if (peer->session.publishes) {
        group->publisher = peer;
        return;
    }
    peer->next = group->viewers;
    if (group->viewers != NULL)
        group->viewers->previous = peer;
    group->viewers = peer;
}

void data_group_remove(struct data_group *group, const struct data_peer *peer)
{
    if (peer->session.publishes) {
        group->publisher = NULL;
        return;
    }
    if (peer->previous != NULL)
        peer->previous->next = peer->next;
    else
        group->viewers = peer->next;
    if (peer->next != NULL)
        peer->next->previous = peer->previous;
}

struct data_group_channel *data_group_channel_at(struct data_group *group, uint16_t stream)
{
    for (unsigned i = 0; i < group->channels_max; i++)
        if (group->channels[i].tag != 0 && group->channels[i].stream == stream)
            return &group->channels[i];
    return NULL;
}

const struct data_group_channel *data_group_channel_of(const struct data_group *group, uint32_t tag)
{
    for (unsigned i = 0; i < group->channels_max; i++)
        if (group->channels[i].tag == tag)
            return &group->channels[i];
    return NULL;
}

struct data_group_channel *data_group_channel_free(struct data_group *group)
{
    for (unsigned i = 0; i < group->channels_max; i++)
        if (group->channels[i].tag == 0)
            return &group->channels[i];
    return NULL;
}
