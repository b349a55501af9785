#include "signaling/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/name.h"

enum { REASON_CHARS_MAX = 32 };

struct peer {
    struct peer *next;
    struct peers *peers;
    struct session *session; /* NULL: ended, the client does not know yet */
    enum session_kind kind;
    char id[4 * REQUEST_ID_POINTS_MAX + 1];
    char stream[NAME_BYTES_MAX + 1];
    char ended[REASON_CHARS_MAX + 1];
};

static struct peer *find(const struct peers *peers, const char *id)
{
    struct peer *peer = id != NULL ? peers->first : NULL;

    while (peer != NULL && (peer->session == NULL || strcmp(peer->id, id) != 0))
        peer = peer->next;
    return peer;
}

static void forget(struct peers *peers, struct peer *peer)
{
    struct peer **link = &peers->first;

    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    peers->count--;
    free(peer);
}

static json_t *make_answer(const char *id, const char *sdp)
{
    return json_pack("{s:s, s:s, s:s}", "type", "answer", "id", id, "sdp", sdp);
}

static json_t *make_bye(const struct peer *peer, const char *reason)
{
    json_t *bye = json_pack("{s:s, s:s}", "type", "bye", "id", peer->id);

    if (bye != NULL && reason != NULL)
        json_object_set_new(bye, "reason", json_string(reason));
    return bye;
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
    case STATUS_OK:
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
    case STATUS_SYSTEM:
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
        forget(peers, peer);
        peers->on_change(peers->context);
    }
}

static void on_ended(struct session *session, const char *reason)
{
    struct peer *peer = session->owner.context;
    struct peers *peers = peer->peers;

    peer->session = NULL;
    if (peers->send(peers->context, make_bye(peer, reason)))
        forget(peers, peer);
    else
        strncpy(peer->ended, reason, REASON_CHARS_MAX);
    peers->on_change(peers->context);
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

static json_t *open_peer(struct peers *peers, const struct request *request, const char *sdp,
                         struct peer *peer, const struct peers_client *client)
{
    struct negotiate_refusal refusal = {0};
    char *answer = NULL;
    const struct endpoint_request asked = {
        .room = client->room,
        .stream = peer->stream,
        .name = client->name,
        .peer = client->address,
        .via = client->via,
        .user_agent = client->user_agent,
        .credential = client->credential,
        .offer = sdp,
        .offer_bytes = strlen(sdp),
        .owner = {.context = peer, .on_answer = on_answer, .on_ended = on_ended},
    };
    const enum status status =
        peer->kind == SESSION_PUBLISHER
            ? endpoint_publish(peers->endpoint, &asked, &peer->session, &refusal)
            : endpoint_subscribe(peers->endpoint, &asked, &peer->session, &answer, &refusal);
    if (status != STATUS_OK) {
        forget(peers, peer);
        return refuse(request, status, &refusal);
    }
    peers->on_change(peers->context);
    json_t *message = answer != NULL ? make_answer(peer->id, answer) : NULL;
    free(answer);
    return message;
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

static bool may_publish(const struct peers_client *client, const char *stream)
{
    return client->may_publish || (client->granted != NULL && strcmp(client->granted, stream) == 0);
}

json_t *peers_offer(struct peers *peers, const struct request *request,
                    const struct peers_client *client)
{
    const char *sdp;
    const char *stream = NULL;
    enum session_kind kind = SESSION_VIEWER;
    struct peer *peer = find(peers, request->id);
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
        if (target == STATUS_OK && (kind != peer->kind || strcmp(stream, peer->stream) != 0)) {
            return request_error(request, "bad-message",
                                 "This id is another stream's peer connection.");
        }
        return offer_again(peers, request, sdp, peer);
    }
    if (kind == SESSION_PUBLISHER && !may_publish(client, stream))
        return request_error(request, "forbidden", "To publish here, a key or a token is needed.");
    peer = peers->count < PEERS_MAX ? add(peers, request->id, stream, kind) : NULL;
    if (peer == NULL)
        return request_error(request, "full", "Too many peer connections on one socket.");
    return open_peer(peers, request, sdp, peer, client);
}

/* The candidate's text, "" for no more, NULL when the field is malformed. */
static const char *read_candidate(const struct request *request)
{
    const json_t *value = json_object_get(request->object, "candidate");
    const json_t *label = json_object_get(request->object, "label");

    if (value == NULL || (label != NULL && !json_is_integer(label)))
        return NULL;
    if (json_is_object(value)) {
        value = json_object_get(value, "candidate");
        return value == NULL ? "" : json_string_value(value);
    }
    return json_is_null(value) ? "" : json_string_value(value);
}

json_t *peers_candidate(struct peers *peers, const struct request *request)
{
    struct peer *peer = find(peers, request->id);
    const char *text = read_candidate(request);
    struct ice_candidate candidate;

    if (peer == NULL)
        return request_error(request, "bad-message", "There is no peer connection of that id.");
    if (text == NULL)
        return request_error(request, "bad-message", "candidate must be an object or a string.");
    if (text[0] == '\0') {
        endpoint_candidate(peers->endpoint, peer->session, NULL);
        return NULL;
    }
    switch (ice_candidate_parse(text, strlen(text), &candidate)) {
    case STATUS_OK:
        endpoint_candidate(peers->endpoint, peer->session, &candidate);
        return NULL;
    case STATUS_UNSUPPORTED:
        return NULL; /* a name instead of an address (mDNS): heard by its checks */
    default:
        return request_error(request, "bad-message", "candidate is not an ICE candidate.");
    }
}

json_t *peers_layer(struct peers *peers, const struct request *request)
{
    const struct peer *peer = find(peers, request->id);
    const json_t *rid = json_object_get(request->object, "rid");

    if (peer == NULL || peer->kind != SESSION_VIEWER)
        return request_error(request, "bad-message", "There is no subscription of that id.");
    if (!json_is_null(rid) && !json_is_string(rid))
        return request_error(request, "bad-message", "rid must be a layer's name or null.");
    if (json_is_string(rid))
        return request_error(request, "unsupported", "That stream has no such layer.");
    return json_pack("{s:s, s:s, s:n}", "type", "layer", "id", peer->id, "rid");
}

json_t *peers_bye(struct peers *peers, const struct request *request)
{
    struct peer *peer = find(peers, request->id);
    bool final;

    if (peer == NULL)
        return request_error(request, "bad-message", "There is no peer connection of that id.");
    if (request_flag(request, "end", &final) != STATUS_OK)
        return request_error(request, "bad-message", "end must be true or false.");
    json_t *message = make_bye(peer, NULL);
    struct session *session = peer->session;
    forget(peers, peer);
    endpoint_end(peers->endpoint, session, final);
    peers->on_change(peers->context);
    return message;
}

struct peers *peers_of(const struct session *session)
{
    const struct peer *peer = session->owner.on_ended == on_ended ? session->owner.context : NULL;

    return peer != NULL ? peer->peers : NULL;
}

void peers_end_stream(struct peers *peers, const char *stream, const char *reason)
{
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next) {
        if (peer->session != NULL && peer->kind == SESSION_PUBLISHER &&
            strcmp(peer->stream, stream) == 0) {
            struct session *session = peer->session;
            on_ended(session, reason);
            endpoint_end(peers->endpoint, session, true);
            return;
        }
    }
}

void peers_end_all(struct peers *peers)
{
    while (peers->first != NULL) {
        struct session *session = peers->first->session;
        forget(peers, peers->first);
        if (session != NULL)
            endpoint_end(peers->endpoint, session, false);
    }
}

void peers_kick_all(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer != NULL;) {
        struct peer *next = peer->next;
        if (peer->session != NULL)
            endpoint_kick(peers->endpoint, peer->session, "kicked");
        peer = next;
    }
}

void peers_abandon_all(struct peers *peers)
{
    while (peers->first != NULL) {
        if (peers->first->session != NULL)
            peers->first->session->owner = (struct session_owner){0};
        forget(peers, peers->first);
    }
}

void peers_tell_ended(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer != NULL;) {
        struct peer *next = peer->next;
        if (peer->session == NULL && peers->send(peers->context, make_bye(peer, peer->ended)))
            forget(peers, peer);
        peer = next;
    }
}

bool peers_publishes(const struct peers *peers)
{
    for (const struct peer *peer = peers->first; peer != NULL; peer = peer->next)
        if (peer->kind == SESSION_PUBLISHER && peer->session != NULL)
            return true;
    return false;
}

bool peers_publishes_stream(const struct peers *peers, const char *stream)
{
    for (const struct peer *peer = peers->first; peer != NULL; peer = peer->next)
        if (peer->kind == SESSION_PUBLISHER && peer->session != NULL &&
            strcmp(peer->stream, stream) == 0)
            return true;
    return false;
}

bool peers_is_active(const struct peers *peers)
{
    for (const struct peer *peer = peers->first; peer != NULL; peer = peer->next)
        if (peer->session != NULL)
            return true;
    return false;
}

bool peers_has(const struct peers *peers, const char *id)
{
    return find(peers, id) != NULL;
}
