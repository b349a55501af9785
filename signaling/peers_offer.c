/* Offers: who is let in, what answers, and what the sessions behind them tell. */
#include "signaling/peers_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *make_answer(const char *id, const char *sdp)
{
    return json_pack("{s:s, s:s, s:s}", "type", "answer", "id", id, "sdp", sdp);
}

/* What an offer's failure is called. */
static json_t *refuse(const struct request *request, enum status status,
                      const struct negotiate_refusal *refusal)
{
    switch (status) {
    case STATUS_SHORT:
    case STATUS_MALFORMED:
        return request_error(request, "bad-sdp", refusal->why);
    case STATUS_UNSUPPORTED:
        return request_error(request, "unsupported", refusal->why);
    case STATUS_NOT_FOUND:
        return request_error(request, "no-stream", "Nobody publishes that stream.");
    case STATUS_EXISTS:
        return request_error(request, "busy", "Somebody else publishes that stream.");
    case STATUS_AGAIN:
        return request_error(request, "too-fast", "The offer before this one has no answer yet.");
    case STATUS_DENIED:
        return request_error(request, "full", "Too many sessions from your address.");
    case STATUS_CLOSED:
        return request_error(request, "full", "The server is about to stop.");
    case STATUS_SYSTEM:
        return request_error(request, "full", HOOKS_DOWN_TEXT);
    case STATUS_OK:
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
        break;
    }
    return request_error(request, "full", "The server has no room for another session now.");
}

static void on_answer(struct session *session, const char *answer)
{
    static const char failed[] = "The server has no network port left for it.";
    struct peer *peer = session->owner.context;
    struct peers *peers = peer->peers;
    const struct request request = {.type = "offer", .id = peer->id};

    if (answer != NULL) {
        peers->send(peers->context, make_answer(peer->id, answer));
        return;
    }
    peers->send(peers->context, request_error(&request, "full", failed));
    if (session->state == SESSION_OPENING) { /* else a restart failed, and the session goes on */
        peers_forget(peers, peer);
        peers->on_change(peers->context);
    }
}

static void on_ended(struct session *session, const char *reason)
{
    peers_tell_over(session->owner.context, reason);
}

/* The direction and the stream that an offer names. STATUS_NOT_FOUND: neither. */
static enum status read_target(const struct request *request, enum session_kind *kind,
                               const char **stream)
{
    const char *publish;
    const char *subscribe;
    const enum status publishes = request_text(request, "publish", 1, NAME_POINTS_MAX, &publish);
    const enum status subscribes =
        request_text(request, "subscribe", 1, NAME_POINTS_MAX, &subscribe);

    if (publishes == STATUS_NOT_FOUND && subscribes == STATUS_NOT_FOUND)
        return STATUS_NOT_FOUND;
    if ((publishes != STATUS_OK || subscribes != STATUS_NOT_FOUND) &&
        (subscribes != STATUS_OK || publishes != STATUS_NOT_FOUND))
        return STATUS_MALFORMED;
    *kind = publishes == STATUS_OK ? SESSION_PUBLISHER : SESSION_VIEWER;
    *stream = publishes == STATUS_OK ? publish : subscribe;
    return name_is_valid(*stream, strlen(*stream)) ? STATUS_OK : STATUS_MALFORMED;
}

static struct peer *add(struct peers *peers, const char *id, const char *stream,
                        enum session_kind kind)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->peers = peers;
    peer->kind = kind;
    (void)snprintf(peer->id, sizeof peer->id, "%s", id);
    (void)snprintf(peer->stream, sizeof peer->stream, "%s", stream);
    peer->next = peers->first;
    peers->first = peer;
    peers->count++;
    return peer;
}

static struct endpoint_request request_of(struct peer *peer, const struct peers_client *client)
{
    return (struct endpoint_request){
        .room = client->room,
        .stream = peer->stream,
        .name = client->name,
        .peer = client->address,
        .via = client->via,
        .user_agent = client->user_agent,
        .credential = client->credential,
        .subject = client->subject,
        .owner = {.context = peer, .on_answer = on_answer, .on_ended = on_ended},
    };
}

/* Returns the answer, the error, or NULL: the answer comes later. */
static json_t *open_peer(struct peer *peer, const struct request *request,
                         const struct endpoint_request *asked)
{
    struct peers *peers = peer->peers;
    struct negotiate_refusal refusal = {0};
    char *answer = NULL;
    const enum status status =
        peer->kind == SESSION_PUBLISHER
            ? endpoint_publish(peers->endpoint, asked, &peer->session, &refusal)
            : endpoint_subscribe(peers->endpoint, asked, &peer->session, &answer, &refusal);
    if (status != STATUS_OK) {
        json_t *error = refuse(request, status, &refusal);
        peers_forget(peers, peer);
        return error;
    }
    peers->on_change(peers->context);
    json_t *message = answer != NULL ? make_answer(peer->id, answer) : NULL;
    free(answer);
    return message;
}

static bool may_publish(const struct peers_client *client, const char *stream)
{
    return client->may_publish || (client->granted != NULL && strcmp(client->granted, stream) == 0);
}

static json_t *refuse_publisher(const struct request *request)
{
    return request_error(request, "forbidden", "To publish here, a key or a token is needed.");
}

/* The hook has let it in; what it may do is asked again, for the stage may be closed by now. */
static json_t *open_waiting(struct peer *peer, const struct request *request,
                            const struct peer_wait *wait, struct hooks_visit *visit)
{
    const struct peers_client client = peer->peers->client(peer->peers->context);
    struct endpoint *endpoint = peer->peers->endpoint;
    struct endpoint_request asked = request_of(peer, &client);

    if (peer->kind == SESSION_PUBLISHER && !may_publish(&client, peer->stream)) {
        hooks_leave(visit, "refused");
        json_t *error = refuse_publisher(request);
        peers_forget(peer->peers, peer);
        return error;
    }
    asked.offer = wait->sdp;
    asked.offer_bytes = strlen(wait->sdp);
    asked.session = wait->session;
    asked.visit = visit;
    json_t *message = open_peer(peer, request, &asked);
    struct session *session = session_table_by_number(endpoint_sessions(endpoint), wait->session);
    if (session == NULL)
        return message;
    for (unsigned i = 0; i < wait->candidate_count; i++)
        endpoint_candidate(endpoint, session, &wait->candidates[i]);
    if (wait->has_all_candidates)
        endpoint_candidate(endpoint, session, NULL);
    return message;
}

static void on_verdict(void *context, const struct hooks_verdict *verdict)
{
    struct peer *peer = context;
    struct peers *peers = peer->peers;
    struct peer_wait *wait = peer->wait;
    char id[sizeof peer->id];
    const struct request request = {.type = "offer", .id = id};
    json_t *message;

    memcpy(id, peer->id, sizeof id); /* peer may be gone before the answer is out */
    peer->wait = NULL;
    if (verdict->status == STATUS_OK) {
        message = open_waiting(peer, &request, wait, verdict->visit);
    } else {
        const bool denied = verdict->status == STATUS_DENIED;
        message = request_error(&request, denied ? "forbidden" : "full", verdict->why);
        peers_forget(peers, peer);
        peers->on_change(peers->context);
    }
    if (message != NULL)
        peers->send(peers->context, message);
    peer_wait_free(wait);
}

/* Opens it, or has it wait for the operator's hook. */
static json_t *admit(struct peer *peer, const struct request *request, const char *sdp,
                     const struct peers_client *client)
{
    static const struct negotiate_refusal none;
    const struct hooks_waiter waiter = {peer, on_verdict};
    struct endpoint_request asked = request_of(peer, client);
    struct peer_wait *wait = calloc(1, sizeof *wait);
    enum status status = STATUS_NO_MEMORY;

    if (wait != NULL && (wait->sdp = strdup(sdp)) != NULL)
        status = endpoint_admit(peer->peers->endpoint, peer->kind, &asked, &waiter, &wait->ask);
    if (status == STATUS_AGAIN) {
        wait->session = asked.session;
        peer->wait = wait;
        peer->peers->on_change(peer->peers->context);
        return NULL;
    }
    peer_wait_free(wait);
    if (status == STATUS_OK) {
        asked.offer = sdp;
        asked.offer_bytes = strlen(sdp);
        return open_peer(peer, request, &asked);
    }
    peers_forget(peer->peers, peer);
    return refuse(request, status, &none);
}

/* A second offer on an id: renegotiation or ICE restart. */
static json_t *offer_again(struct peers *peers, const struct request *request, const char *sdp,
                           struct peer *peer)
{
    struct negotiate_refusal refusal = {0};
    char *answer = NULL;
    const enum status status =
        endpoint_offer_again(peers->endpoint, peer->session, sdp, strlen(sdp), &answer, &refusal);
    if (status != STATUS_OK)
        return refuse(request, status, &refusal);
    json_t *message = answer != NULL ? make_answer(peer->id, answer) : NULL;
    free(answer);
    return message;
}

json_t *peers_offer(struct peers *peers, const struct request *request)
{
    const struct peers_client client = peers->client(peers->context);
    const char *sdp;
    const char *stream = NULL;
    enum session_kind kind = SESSION_VIEWER;
    struct peer *peer = peers_find(peers, request->id);
    const enum status target = read_target(request, &kind, &stream);

    if (request->id == NULL)
        return request_error(request, "bad-message", "id must be 1 to 64 characters.");
    if (request_text(request, "sdp", 1, NEGOTIATE_SDP_BYTES_MAX, &sdp) != STATUS_OK)
        return request_error(request, "bad-message", "sdp must be the offer's text.");
    if (target == STATUS_MALFORMED || (target == STATUS_NOT_FOUND && peer == NULL)) {
        return request_error(request, "bad-message",
                             "Either publish or subscribe must name a stream.");
    }
    if (peer != NULL) {
        if (peer->wait != NULL)
            return refuse(request, STATUS_AGAIN, NULL);
        if (target == STATUS_OK && (kind != peer->kind || strcmp(stream, peer->stream) != 0)) {
            return request_error(request, "bad-message",
                                 "This id is another stream's peer connection.");
        }
        return offer_again(peers, request, sdp, peer);
    }
    if (kind == SESSION_PUBLISHER && !may_publish(&client, stream))
        return refuse_publisher(request);
    peer = peers->count < PEERS_MAX ? add(peers, request->id, stream, kind) : NULL;
    if (peer == NULL)
        return request_error(request, "full", "Too many peer connections on one socket.");
    return admit(peer, request, sdp, &client);
}

struct peers *peers_of(const struct session *session)
{
    const struct peer *peer = session->owner.on_ended == on_ended ? session->owner.context : NULL;

    return peer != NULL ? peer->peers : NULL;
}
