#include "tests/signaling/fake_media.h"

#include <string.h>

struct fake_media fake_media;

static const struct media_local local = {
    .credentials = {.ufrag = "OURufrag", .password = "OURpasswordOURpassword00"},
    .candidates = {{.foundation = "1",
                    .component = 1,
                    .transport = ICE_UDP,
                    .type = ICE_HOST,
                    .priority = 2130706431,
                    .address = "198.51.100.1",
                    .port = 7100}},
    .candidate_count = 1};

struct media *fake_media_reset(void)
{
    memset(&fake_media, 0, sizeof fake_media);
    return (struct media *)&fake_media;
}

const struct media_local *fake_media_local(void)
{
    return &local;
}

const char *media_close_reason_text(enum media_close_reason reason)
{
    (void)reason;
    return "closed";
}

unsigned media_viewer_candidates(const struct media *media, struct ice_candidate *candidates,
                                 unsigned most)
{
    (void)media;
    (void)most;
    candidates[0] = local.candidates[0];
    return 1;
}

unsigned media_workers(const struct media *media)
{
    (void)media;
    return 1;
}

const struct stats *media_worker_stats(const struct media *media, unsigned worker)
{
    (void)media;
    (void)worker;
    return &fake_media.stats;
}

int64_t media_worker_cpu_ns(const struct media *media, unsigned worker)
{
    (void)media;
    (void)worker;
    return fake_media.cpu_ns;
}

void media_stats(const struct media *media, struct stats *sum)
{
    (void)media;
    stats_sum(sum, &fake_media.stats);
}

bool media_has_data(const struct media *media)
{
    (void)media;
    return fake_media.has_data;
}

void media_stream_open(struct media *media, uint32_t stream_id)
{
    (void)media;
    (void)stream_id;
    fake_media.streams_opened++;
}

void media_stream_close(struct media *media, uint32_t stream_id)
{
    (void)media;
    (void)stream_id;
    fake_media.streams_closed++;
}

void media_set_bandwidth(struct media *media, uint32_t bandwidth_bps)
{
    (void)media;
    fake_media.bandwidth_bps = bandwidth_bps;
}

void media_publish(struct media *media, const struct media_publish *publish)
{
    (void)media;
    fake_media.publishes++;
    fake_media.published = *publish;
}

void media_publisher_candidate(struct media *media, uint64_t session,
                               const struct ice_candidate *candidate)
{
    (void)media;
    (void)session;
    fake_media.candidates += candidate != NULL;
    fake_media.ends_of_candidates += candidate == NULL;
}

void media_publisher_restart(struct media *media, uint64_t session,
                             const struct ice_credentials *remote,
                             const struct ice_candidate *candidates, unsigned candidate_count)
{
    (void)media;
    (void)session;
    (void)remote;
    (void)candidates;
    (void)candidate_count;
    fake_media.publisher_restarts++;
}

void media_publisher_update(struct media *media, uint64_t session,
                            const struct publication *publication,
                            const struct datachannel_terms *data)
{
    (void)media;
    (void)session;
    fake_media.publisher_updates++;
    fake_media.published.publication = *publication;
    fake_media.published.data = *data;
}

void media_viewer_update(struct media *media, uint64_t session, const struct profile *profile,
                         const struct viewer_start *start)
{
    (void)media;
    (void)session;
    fake_media.viewer_updates++;
    fake_media.ticket.profile = profile;
    fake_media.ticket.start = *start;
}

enum status media_subscribe(struct media *media, const struct ticket *ticket)
{
    (void)media;
    fake_media.subscribes++;
    fake_media.ticket = *ticket;
    return fake_media.subscribe_status;
}

enum status media_viewer_restart(struct media *media, uint64_t session,
                                 const struct ice_credentials *ours, const char *remote_ufrag)
{
    (void)media;
    (void)session;
    (void)ours;
    (void)remote_ufrag;
    fake_media.viewer_restarts++;
    return STATUS_OK;
}

void media_end(struct media *media, uint64_t session)
{
    (void)media;
    fake_media.ends++;
    fake_media.ended = session;
}
