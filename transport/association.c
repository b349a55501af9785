#include "transport/association.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

#include <glib.h>

#include "core/log.h"

enum {
    SCTP_HEADER_BYTES = 12,
    /* usrsctp's path MTU is without the SCTP header, and a multiple of 4. */
    PATH_MTU_BYTES = (ASSOCIATION_PACKET_BYTES_MAX - SCTP_HEADER_BYTES) & ~3,
    CHUNKS_QUEUED_MAX = 16384, /* beside the bound in bytes: usrsctp's own is 512 */
    RTO_FIRST_MS = 500,
    RTO_LEAST_MS = 200,
    RTO_MOST_MS = 10000,
    SACK_DELAY_MS = 20,
    RETRANSMISSIONS_MAX = 10, /* unanswered, of one packet; then the association is lost */
    STOP_TURNS_MAX = 100
};

enum { CLOSED_THEIRS = 1, CLOSED_OURS = 2 };

struct association {
    struct association_settings settings;
    struct socket *socket;
    bool skips;                              /* the rest of a message that was too long */
    unsigned untold;                         /* streams with a flag in the following */
    uint8_t closed[ASSOCIATION_STREAMS_MAX]; /* sides closed and not told yet: CLOSED_... */
};

/* usrsctp's state is the process's; this is the part of it that we keep. */
static struct {
    GHashTable *by_id; /* NULL: not started */
    int64_t turned_ns;
} stack;

static void *address_of(uint64_t id)
{
    return GSIZE_TO_POINTER((gsize)id);
}

/* usrsctp's output. An association that is gone may have left a packet behind: no pointer of ours
 * is in usrsctp's hands for it. */
static int on_output(void *address, void *packet, size_t packet_bytes, uint8_t tos, uint8_t set_df)
{
    const struct association *association = g_hash_table_lookup(stack.by_id, address);

    (void)tos;
    (void)set_df;
    if (association != NULL)
        association->settings.send(association->settings.context, packet, packet_bytes);
    return 0;
}

static void on_upcall(struct socket *socket, void *address, int flags)
{
    const struct association *association = g_hash_table_lookup(stack.by_id, address);

    (void)socket;
    (void)flags;
    if (association != NULL)
        association->settings.on_ready(association->settings.context);
}

enum status association_start(void)
{
    sigset_t all;
    sigset_t before;

    if (stack.by_id != NULL)
        return STATUS_EXISTS;
    stack.by_id = g_hash_table_new(g_direct_hash, g_direct_equal);
    stack.turned_ns = 0;
    /* It starts a thread that waits for changes of local addresses, which never come. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    usrsctp_init_nothreads(0, on_output, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    usrsctp_sysctl_set_sctp_blackhole(2); /* nothing is answered that belongs to nobody */
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auto_asconf(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(ASSOCIATION_STREAMS_MAX);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS_QUEUED_MAX);
    return STATUS_OK;
}

void association_stop(void)
{
    if (stack.by_id == NULL)
        return;
    for (unsigned i = 0; i < STOP_TURNS_MAX && usrsctp_finish() != 0; i++)
        usrsctp_handle_timers((uint32_t)mono_to_ms(ASSOCIATION_TURN_NS));
    g_hash_table_unref(stack.by_id);
    stack.by_id = NULL;
}

void association_turn(int64_t now_ns)
{
    const int64_t elapsed_ms = mono_to_ms(now_ns - stack.turned_ns);

    if (g_hash_table_size(stack.by_id) == 0 || stack.turned_ns == 0) {
        stack.turned_ns = now_ns; /* nobody was there whose time passed */
    } else if (elapsed_ms > 0) {
        stack.turned_ns += mono_from_ms(elapsed_ms);
        usrsctp_handle_timers((uint32_t)elapsed_ms);
    }
}

static bool set_option(struct socket *socket, int level, int option, const void *value,
                       size_t value_bytes)
{
    if (usrsctp_setsockopt(socket, level, option, value, (socklen_t)value_bytes) == 0)
        return true;
    LOG_ERROR("association", "SCTP option %d/%d: %s", level, option, strerrordesc_np(errno));
    return false;
}

static bool want_events(struct socket *socket)
{
    static const uint16_t types[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
    bool set = true;

    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct sctp_event event = {
            .se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = types[i], .se_on = 1};
        set = set && set_option(socket, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    }
    return set;
}

static bool set_times(struct socket *socket)
{
    const struct sctp_rtoinfo rto = {
        .srto_initial = RTO_FIRST_MS, .srto_max = RTO_MOST_MS, .srto_min = RTO_LEAST_MS};
    const struct sctp_sack_info sack = {.sack_delay = SACK_DELAY_MS, .sack_freq = 2};
    const struct sctp_assocparams limits = {.sasoc_asocmaxrxt = RETRANSMISSIONS_MAX};
    /* No heartbeats: ICE consent tells whether the peer is there. */
    const struct sctp_paddrparams path = {.spp_pathmtu = PATH_MTU_BYTES,
                                          .spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE,
                                          .spp_pathmaxrxt = RETRANSMISSIONS_MAX};

    return set_option(socket, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof rto) &&
           set_option(socket, IPPROTO_SCTP, SCTP_DELAYED_SACK, &sack, sizeof sack) &&
           set_option(socket, IPPROTO_SCTP, SCTP_ASSOCINFO, &limits, sizeof limits) &&
           set_option(socket, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

static bool configure(struct socket *socket, const struct association_settings *settings)
{
    const int on = 1;
    const int send_bytes = (int)settings->send_queue_bytes;
    const int receive_bytes = (int)settings->receive_queue_bytes;
    const struct linger abort_on_close = {.l_onoff = 1, .l_linger = 0};
    const struct sctp_assoc_value resets = {.assoc_id = SCTP_ALL_ASSOC,
                                            .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
    const struct sctp_initmsg init = {.sinit_num_ostreams = settings->streams,
                                      .sinit_max_instreams = settings->streams};

    return usrsctp_set_non_blocking(socket, 1) == 0 &&
           set_option(socket, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof abort_on_close) &&
           set_option(socket, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes) &&
           set_option(socket, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes) &&
           set_option(socket, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on) &&
           set_option(socket, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on) &&
           set_option(socket, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &resets, sizeof resets) &&
           set_option(socket, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) &&
           set_times(socket) && want_events(socket);
}

static bool connect_socket(struct socket *socket, const struct association_settings *settings)
{
    struct sockaddr_conn address = {.sconn_family = AF_CONN,
                                    .sconn_port = htons(settings->local_port),
                                    .sconn_addr = address_of(settings->id)};

    if (usrsctp_bind(socket, (struct sockaddr *)(void *)&address, sizeof address) != 0)
        return false;
    address.sconn_port = htons(settings->remote_port);
    return usrsctp_connect(socket, (struct sockaddr *)(void *)&address, sizeof address) == 0 ||
           errno == EINPROGRESS;
}

enum status association_create(const struct association_settings *settings,
                               struct association **association)
{
    void *address = address_of(settings->id);
    struct association *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->settings = *settings;
    made->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (made->socket == NULL) {
        free(made);
        return STATUS_NO_MEMORY;
    }
    usrsctp_register_address(address);
    g_hash_table_insert(stack.by_id, address, made);
    usrsctp_set_upcall(made->socket, on_upcall, address);
    if (!configure(made->socket, settings) || !connect_socket(made->socket, settings)) {
        LOG_ERROR("association", "not begun: %s", strerrordesc_np(errno));
        association_destroy(made);
        return STATUS_SYSTEM;
    }
    *association = made;
    return STATUS_OK;
}

void association_destroy(struct association *association)
{
    if (association == NULL)
        return;
    void *address = address_of(association->settings.id);
    usrsctp_set_upcall(association->socket, NULL, NULL);
    usrsctp_close(association->socket);
    g_hash_table_remove(stack.by_id, address);
    usrsctp_deregister_address(address);
    free(association);
}

void association_receive(struct association *association, const uint8_t *packet,
                         size_t packet_bytes)
{
    usrsctp_conninput(address_of(association->settings.id), packet, packet_bytes, 0);
}

/* --- reading --- */

static void note_closed(struct association *association,
                        const struct sctp_stream_reset_event *event)
{
    const size_t listed =
        (event->strreset_length - offsetof(struct sctp_stream_reset_event, strreset_stream_list)) /
        sizeof event->strreset_stream_list[0];
    const unsigned failed = SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED;
    unsigned sides = (event->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) ? CLOSED_THEIRS : 0;

    if (event->strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN)
        sides |= CLOSED_OURS;
    if ((event->strreset_flags & failed) != 0)
        return;
    for (unsigned stream = 0; stream < association->settings.streams; stream++) {
        bool is_listed = listed == 0; /* none listed: all */
        for (size_t i = 0; i < listed && !is_listed; i++)
            is_listed = event->strreset_stream_list[i] == stream;
        if (!is_listed)
            continue;
        association->untold += association->closed[stream] == 0 && sides != 0;
        association->closed[stream] |= (uint8_t)sides;
    }
}

static enum association_event take_notification(struct association *association,
                                                const union sctp_notification *notification)
{
    if (notification->sn_header.sn_type == SCTP_STREAM_RESET_EVENT) {
        note_closed(association, &notification->sn_strreset_event);
        return ASSOCIATION_NOTHING;
    }
    if (notification->sn_header.sn_type != SCTP_ASSOC_CHANGE)
        return ASSOCIATION_NOTHING;
    return notification->sn_assoc_change.sac_state == SCTP_COMM_UP ? ASSOCIATION_UP
                                                                   : ASSOCIATION_OVER;
}

static enum association_event take_closed(struct association *association, uint16_t *stream)
{
    uint16_t at = 0;

    while (association->closed[at] == 0)
        at++;
    const unsigned side =
        (association->closed[at] & CLOSED_THEIRS) != 0 ? CLOSED_THEIRS : CLOSED_OURS;
    association->closed[at] &= (uint8_t)~side;
    association->untold -= association->closed[at] == 0;
    *stream = at;
    return side == CLOSED_THEIRS ? ASSOCIATION_STREAM_CLOSED : ASSOCIATION_STREAM_DONE;
}

static enum association_event take_message(struct association *association, size_t bytes, int flags,
                                           const struct sctp_rcvinfo *info,
                                           struct association_message *message)
{
    const bool is_rest = association->skips;
    const bool ends = (flags & MSG_EOR) != 0;

    association->skips = !ends;
    *message = (struct association_message){.stream = info->rcv_sid,
                                            .payload_protocol = ntohl(info->rcv_ppid),
                                            .bytes = bytes,
                                            .too_long = !ends};
    return is_rest ? ASSOCIATION_REST : ASSOCIATION_MESSAGE;
}

enum association_event association_read(struct association *association, uint8_t *room,
                                        size_t room_bytes, struct association_message *message)
{
    enum association_event event = ASSOCIATION_NOTHING;

    while (event == ASSOCIATION_NOTHING) {
        union {
            struct sctp_rcvinfo rcvinfo;
            struct sctp_recvv_rn both;
        } info = {0};
        socklen_t info_bytes = sizeof info;
        unsigned info_type = SCTP_RECVV_NOINFO;
        struct sockaddr_conn from;
        socklen_t from_bytes = sizeof from;
        int flags = 0;

        if (association->untold > 0)
            return take_closed(association, &message->stream);
        const ssize_t bytes =
            usrsctp_recvv(association->socket, room, room_bytes, (struct sockaddr *)(void *)&from,
                          &from_bytes, &info, &info_bytes, &info_type, &flags);
        if (bytes < 0 && errno == EWOULDBLOCK)
            return ASSOCIATION_NOTHING;
        if (bytes <= 0)
            return ASSOCIATION_OVER;
        if ((flags & MSG_NOTIFICATION) != 0)
            event = take_notification(association, (const void *)room);
        else
            event = take_message(association, (size_t)bytes, flags, &info.rcvinfo, message);
    }
    return event;
}

/* --- sending --- */

static uint16_t policy_of(enum datachannel_reliability reliability)
{
    switch (reliability) {
    case DATACHANNEL_RELIABLE:
        return SCTP_PR_SCTP_NONE;
    case DATACHANNEL_RETRANSMITS:
        return SCTP_PR_SCTP_RTX;
    case DATACHANNEL_LIFETIME:
        return SCTP_PR_SCTP_TTL;
    }
    return SCTP_PR_SCTP_NONE;
}

enum status association_send(struct association *association,
                             const struct association_delivery *delivery, const uint8_t *data,
                             size_t data_bytes)
{
    struct sctp_sendv_spa parameters = {
        .sendv_flags = SCTP_SEND_SNDINFO_VALID,
        .sendv_sndinfo = {.snd_sid = delivery->stream,
                          .snd_flags = delivery->ordered ? 0 : SCTP_UNORDERED,
                          .snd_ppid = htonl(delivery->payload_protocol)}};

    if (delivery->reliability != DATACHANNEL_RELIABLE) {
        parameters.sendv_flags |= SCTP_SEND_PRINFO_VALID;
        parameters.sendv_prinfo = (struct sctp_prinfo){
            .pr_policy = policy_of(delivery->reliability), .pr_value = delivery->limit};
    }
    if (usrsctp_sendv(association->socket, data, data_bytes, NULL, 0, &parameters,
                      sizeof parameters, SCTP_SENDV_SPA, 0) >= 0)
        return STATUS_OK;
    return errno == EWOULDBLOCK || errno == ENOBUFS || errno == EMSGSIZE ? STATUS_FULL
                                                                         : STATUS_CLOSED;
}

void association_close_stream(struct association *association, uint16_t stream)
{
    union {
        struct sctp_reset_streams request;
        uint8_t bytes[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
    } reset = {.request = {.srs_assoc_id = SCTP_ALL_ASSOC,
                           .srs_flags = SCTP_STREAM_RESET_OUTGOING,
                           .srs_number_streams = 1}};

    reset.request.srs_stream_list[0] = stream;
    /* While another reset is under way usrsctp says EALREADY, and does this one after it. */
    if (usrsctp_setsockopt(association->socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, &reset,
                           sizeof reset) != 0)
        LOG_DEBUG("association", "stream %u: %s", stream, strerrordesc_np(errno));
}
