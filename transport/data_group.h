/* transport/data_group.h - all of one media stream that have data channels: its broadcaster, its
 * viewers, and the channels that they share. Thread: data. */
#ifndef TRANSPORT_DATA_GROUP_H
#define TRANSPORT_DATA_GROUP_H

#include "transport/data_peer.h"

/* A channel that the broadcaster has open. */
struct data_group_channel {
    uint32_t tag;    /* 0: none here */
    uint16_t stream; /* the broadcaster's */
    struct datachannel terms;
};

struct data_group {
    uint32_t stream_id;
    struct data_peer *publisher; /* or NULL */
    struct data_peer *viewers;   /* follow next */
    unsigned channels_max;
    struct data_group_channel channels[];
};

/* An empty one, which the caller frees; NULL: no memory. */
struct data_group *data_group_make(uint32_t stream_id, unsigned channels_max);
/* Of the stream; the one before is out of the group when a publisher comes. */
void data_group_add(struct data_group *group, struct data_peer *peer);
void data_group_remove(struct data_group *group, const struct data_peer *peer);

/* The channel on the broadcaster's stream; NULL: none. */
struct data_group_channel *data_group_channel_at(struct data_group *group, uint16_t stream);
const struct data_group_channel *data_group_channel_of(const struct data_group *group,
                                                       uint32_t tag);
/* A place for one more; NULL: there are channels_max. */
struct data_group_channel *data_group_channel_free(struct data_group *group);

#endif
