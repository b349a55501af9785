#include "transport/ice_agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <nice/agent.h>

#include "core/log.h"
#include "transport/descriptors.h"
#include "transport/host_addresses.h"

enum {
    COMPONENT = 1,
    RECEIVE_BUFFER_BYTES = 1 << 20, /* a key frame at once, while the thread is busy elsewhere */
    DATAGRAMS_A_TURN_MAX = 512,     /* more than a key frame of 500 KB */
    DESCRIPTORS = 16, /* a socket for each address of ours, and what GLib wakes its loops with */
    PACING_MS = 5,    /* Ta, RFC 8445 section 14.2: the least allowed; a pair is found sooner */
    PRIORITY_TYPE_HOST = 126, /* RFC 8445 section 5.1.2.2 */
    PRIORITY_LOCAL_MOST = 65535,
};

struct ice_agent {
    NiceAgent *nice;
    guint stream;
    struct ice_agent_events events;
    struct media_local local;
    GSocket *socket; /* of the selected pair, a reference; NULL: none yet */
    struct sockaddr_storage remote;
    socklen_t remote_bytes;
    bool answered;
    GMainContext *main_context; /* borrowed */
    unsigned received;          /* datagrams, this turn */
    char announce[MEDIA_ANNOUNCE_MAX][ICE_ADDRESS_CHARS_MAX + 1];
    unsigned announce_count;
};

/* libnice's socket for one address of the machine. */
struct base {
    char address[INET6_ADDRSTRLEN];
    enum host_address_rank rank;
    uint16_t port;
};

struct bases {
    struct base base[HOST_ADDRESSES_MAX];
    unsigned count;
};

static void on_state_changed(NiceAgent *nice, guint stream, guint component, guint state,
                             gpointer context)
{
    struct ice_agent *agent = context;

    (void)nice;
    (void)stream;
    (void)component;
    agent->answered =
        state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY;
}

static void on_selected_pair(NiceAgent *nice, guint stream, guint component, NiceCandidate *local,
                             NiceCandidate *remote, gpointer context)
{
    struct ice_agent *agent = context;

    (void)local;
    g_clear_object(&agent->socket);
    agent->socket = nice_agent_get_selected_socket(nice, stream, component);
    if (agent->socket == NULL)
        return;
    memset(&agent->remote, 0, sizeof agent->remote);
    nice_address_copy_to_sockaddr(&remote->addr, (struct sockaddr *)(void *)&agent->remote);
    agent->remote_bytes = agent->remote.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                              : sizeof(struct sockaddr_in);
    agent->answered = true;
    agent->events.on_selected(agent->events.context);
}

/* libnice reads a socket until it is empty, or nobody listens: so it is told that nobody does. */
static void on_received(NiceAgent *nice, guint stream, guint component, guint bytes, gchar *data,
                        gpointer context)
{
    struct ice_agent *agent = context;

    if (++agent->received == DATAGRAMS_A_TURN_MAX)
        nice_agent_attach_recv(nice, stream, component, agent->main_context, NULL, NULL);
    agent->events.on_datagram(agent->events.context, (uint8_t *)data, bytes);
}

void ice_agent_turn(struct ice_agent *agent)
{
    if (agent->received >= DATAGRAMS_A_TURN_MAX)
        nice_agent_attach_recv(agent->nice, agent->stream, COMPONENT, agent->main_context,
                               on_received, agent);
    agent->received = 0;
}

/* libnice's host candidates, in the order of the machine's addresses. */
static void read_bases(const struct ice_agent *agent, const struct host_addresses *own,
                       struct bases *bases)
{
    GSList *list = nice_agent_get_local_candidates(agent->nice, agent->stream, COMPONENT);

    bases->count = 0;
    for (unsigned i = 0; i < own->count; i++) {
        for (const GSList *one = list; one != NULL; one = one->next) {
            const NiceCandidate *candidate = one->data;
            struct base *base = &bases->base[bases->count];

            nice_address_to_string(&candidate->addr, base->address);
            if (strcmp(base->address, own->address[i].text) != 0)
                continue;
            base->rank = own->address[i].rank;
            base->port = (uint16_t)nice_address_get_port(&candidate->addr);
            bases->count++;
            break;
        }
    }
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

static void add_local(struct media_local *local, const char *address, uint16_t port)
{
    const unsigned n = local->candidate_count;

    if (n == ICE_CANDIDATES_MAX)
        return;
    for (unsigned i = 0; i < n; i++)
        if (local->candidates[i].port == port && strcmp(local->candidates[i].address, address) == 0)
            return;
    struct ice_candidate *candidate = &local->candidates[n];
    *candidate = (struct ice_candidate){.component = COMPONENT,
                                        .transport = ICE_UDP,
                                        .type = ICE_HOST,
                                        .priority = (uint32_t)PRIORITY_TYPE_HOST << 24 |
                                                    (PRIORITY_LOCAL_MOST - n) << 8 | 255,
                                        .port = port};
    snprintf(candidate->foundation, sizeof candidate->foundation, "%u", n + 1);
    snprintf(candidate->address, sizeof candidate->address, "%s", address);
    local->candidate_count = n + 1;
}

/* An announced address stands for every socket of its family that a packet sent to it may reach:
 * which one a router in between leads to is not known here. */
static void add_announced(struct media_local *local, const char *announced,
                          const struct bases *bases)
{
    const enum host_address_rank rank = host_address_rank_of(announced);
    const unsigned before = local->candidate_count;

    for (unsigned i = 0; i < bases->count; i++)
        if (host_address_is_ipv4(bases->base[i].rank) == host_address_is_ipv4(rank) &&
            host_address_is_loopback(bases->base[i].rank) == host_address_is_loopback(rank))
            add_local(local, announced, bases->base[i].port);
    for (unsigned i = 0; i < bases->count && local->candidate_count == before; i++)
        if (host_address_is_ipv4(bases->base[i].rank) == host_address_is_ipv4(rank))
            add_local(local, announced, bases->base[i].port);
}

static enum status fill_local(struct ice_agent *agent, const struct host_addresses *own)
{
    struct bases bases;

    read_bases(agent, own, &bases);
    agent->local.candidate_count = 0;
    for (unsigned i = 0; i < agent->announce_count; i++)
        add_announced(&agent->local, agent->announce[i], &bases);
    if (agent->announce_count == 0)
        for (unsigned i = 0; i < bases.count; i++)
            add_local(&agent->local, bases.base[i].address, bases.base[i].port);
    return agent->local.candidate_count > 0 ? STATUS_OK : STATUS_FULL;
}

static enum status apply_local_credentials(struct ice_agent *agent)
{
    ice_credentials_make(&agent->local.credentials);
    return nice_agent_set_local_credentials(agent->nice, agent->stream,
                                            agent->local.credentials.ufrag,
                                            agent->local.credentials.password)
               ? STATUS_OK
               : STATUS_SYSTEM;
}

static void widen_receive_buffers(const struct ice_agent *agent)
{
    GPtrArray *sockets = nice_agent_get_sockets(agent->nice, agent->stream, COMPONENT);
    const int bytes = RECEIVE_BUFFER_BYTES;

    for (guint i = 0; sockets != NULL && i < sockets->len; i++) {
        /* The system gives what it allows; less is no error. */
        (void)setsockopt(g_socket_get_fd(g_ptr_array_index(sockets, i)), SOL_SOCKET, SO_RCVBUF,
                         &bytes, sizeof bytes);
    }
    if (sockets != NULL)
        g_ptr_array_unref(sockets);
}

/* With host candidates alone, gathering is over when nice_agent_gather_candidates returns. */
static enum status gather(struct ice_agent *agent, const struct media_settings *settings,
                          GMainContext *main_context)
{
    struct host_addresses own;

    host_addresses_read(&own);
    for (unsigned i = 0; i < own.count; i++) {
        NiceAddress address;

        nice_address_init(&address);
        if (nice_address_set_from_string(&address, own.address[i].text))
            (void)nice_agent_add_local_address(agent->nice, &address);
    }
    agent->stream = nice_agent_add_stream(agent->nice, COMPONENT);
    if (agent->stream == 0 || own.count == 0)
        return STATUS_SYSTEM;
    nice_agent_set_port_range(agent->nice, agent->stream, COMPONENT, settings->ingest_port_first,
                              settings->ingest_port_last);
    agent->main_context = main_context;
    nice_agent_attach_recv(agent->nice, agent->stream, COMPONENT, main_context, on_received, agent);
    const enum status status = apply_local_credentials(agent);
    if (status != STATUS_OK)
        return status;
    if (!nice_agent_gather_candidates(agent->nice, agent->stream))
        return STATUS_FULL;
    widen_receive_buffers(agent);
    return fill_local(agent, &own);
}

enum status ice_agent_create(const struct media_settings *settings, GMainContext *main_context,
                             const struct ice_agent_events *events, struct ice_agent **agent)
{
    if (!descriptors_take(DESCRIPTORS)) {
        LOG_WARNING("ice", "descriptors run out: a broadcaster is turned away");
        return STATUS_FULL;
    }
    struct ice_agent *made = g_new0(struct ice_agent, 1);

    made->events = *events;
    made->announce_count = MIN(settings->announce_count, (unsigned)MEDIA_ANNOUNCE_MAX);
    for (unsigned i = 0; i < made->announce_count; i++)
        memcpy(made->announce[i], settings->announce[i].address, sizeof made->announce[i]);
    /* Trickle: checks never end in failure for want of candidates; deadlines are the caller's. */
    made->nice =
        nice_agent_new_full(main_context, NICE_COMPATIBILITY_RFC5245,
                            NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_ICE_TRICKLE |
                                NICE_AGENT_OPTION_CONSENT_FRESHNESS);
    g_object_set(made->nice, "upnp", FALSE, "ice-tcp", FALSE, "controlling-mode", FALSE,
                 "stun-pacing-timer", PACING_MS, NULL);
    g_signal_connect(made->nice, "component-state-changed", G_CALLBACK(on_state_changed), made);
    g_signal_connect(made->nice, "new-selected-pair-full", G_CALLBACK(on_selected_pair), made);
    const enum status status = gather(made, settings, main_context);
    if (status != STATUS_OK) {
        LOG_WARNING("ice", "no port of %u-%u to be had: %s", (unsigned)settings->ingest_port_first,
                    (unsigned)settings->ingest_port_last, status_text(status));
        ice_agent_destroy(made);
        return status;
    }
    *agent = made;
    return STATUS_OK;
}

void ice_agent_destroy(struct ice_agent *agent)
{
    if (agent == NULL)
        return;
    g_signal_handlers_disconnect_by_data(agent->nice, agent);
    g_clear_object(&agent->socket);
    /* Dispose closes the stream and its sockets; nice_agent_remove_stream would leave that to a
     * later turn of the loop. */
    g_object_unref(agent->nice);
    explicit_bzero(&agent->local.credentials, sizeof agent->local.credentials);
    g_free(agent);
}

void ice_agent_read_local(const struct ice_agent *agent, struct media_local *local)
{
    *local = agent->local;
}

void ice_agent_set_remote(struct ice_agent *agent, const struct ice_credentials *remote)
{
    (void)nice_agent_set_remote_credentials(agent->nice, agent->stream, remote->ufrag,
                                            remote->password);
}

void ice_agent_add_remote(struct ice_agent *agent, const struct ice_candidate *candidates,
                          unsigned count)
{
    static const NiceCandidateType types[] = {
        NICE_CANDIDATE_TYPE_HOST, NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE,
        NICE_CANDIDATE_TYPE_PEER_REFLEXIVE, NICE_CANDIDATE_TYPE_RELAYED};
    GSList *list = NULL;

    for (unsigned i = 0; i < count; i++) {
        const struct ice_candidate *candidate = &candidates[i];

        if (candidate->transport != ICE_UDP)
            continue;
        NiceCandidate *nice = nice_candidate_new(types[candidate->type]);
        nice->transport = NICE_CANDIDATE_TRANSPORT_UDP;
        nice->stream_id = agent->stream;
        nice->component_id = COMPONENT;
        nice->priority = candidate->priority;
        snprintf(nice->foundation, sizeof nice->foundation, "%s", candidate->foundation);
        if (!nice_address_set_from_string(&nice->addr, candidate->address)) {
            nice_candidate_free(nice);
            continue;
        }
        nice_address_set_port(&nice->addr, candidate->port);
        list = g_slist_append(list, nice);
    }
    if (list != NULL)
        (void)nice_agent_set_remote_candidates(agent->nice, agent->stream, COMPONENT, list);
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

enum status ice_agent_restart(struct ice_agent *agent)
{
    if (!nice_agent_restart_stream(agent->nice, agent->stream))
        return STATUS_SYSTEM;
    return apply_local_credentials(agent);
}

/* Not through nice_agent_send: libnice takes consent as lost for good after 10 s without an answer,
 * when RFC 7675 allows 30. Our own clock ends the session (publisher.c). */
enum status ice_agent_send(struct ice_agent *agent, const uint8_t *datagram, size_t datagram_bytes)
{
    if (agent->socket == NULL)
        return STATUS_AGAIN;
    const ssize_t sent = sendto(
        g_socket_get_fd(agent->socket), datagram, datagram_bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
        (const struct sockaddr *)(const void *)&agent->remote, agent->remote_bytes);
    if (sent >= 0)
        return STATUS_OK;
    return errno == EAGAIN || errno == ENOBUFS ? STATUS_AGAIN : STATUS_SYSTEM;
}

bool ice_agent_is_answered(const struct ice_agent *agent)
{
    return agent->answered;
}
