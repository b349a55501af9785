#include "signaling/peers_parts.h"

#include <stdlib.h>
#include <string.h>

static bool is_open(const struct peer *peer)
{
    return peer->session != NULL || peer->wait != NULL;
}

struct peer *peers_find(const struct peers *peers, const char *id)
{
    struct peer *peer = id != NULL ? peers->first : NULL;

    while (peer != NULL && (!is_open(peer) || strcmp(peer->id, id) != 0))
        peer = peer->next;
    return peer;
}

void peer_wait_free(struct peer_wait *wait)
{
    if (wait != NULL)
        free(wait->sdp);
    free(wait);
}

/* Nobody waits any more. */
static void stop_waiting(struct peer *peer)
{
    if (peer->wait == NULL)
        return;
    hooks_forget(peer->wait->ask);
    peer_wait_free(peer->wait);
    peer->wait = NULL;
}

void peers_forget(struct peers *peers, struct peer *peer)
{
    struct peer **link = &peers->first;

    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    peers->count--;
    stop_waiting(peer);
    free(peer);
}

static json_t *make_bye(const struct peer *peer, const char *reason)
{
    json_t *bye = json_pack("{s:s, s:s}", "type", "bye", "id", peer->id);

    if (bye != NULL && reason != NULL)
        json_object_set_new(bye, "reason", json_string(reason));
    return bye;
}

void peers_tell_over(struct peer *peer, const char *reason)
{
    struct peers *peers = peer->peers;

    stop_waiting(peer);
    peer->session = NULL;
    if (peers->send(peers->context, make_bye(peer, reason)))
        peers_forget(peers, peer);
    else
        strncpy(peer->ended, reason, PEERS_REASON_CHARS_MAX);
    peers->on_change(peers->context);
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

/* candidate NULL: no more. Kept while the peer waits; more than the limit are dropped. */
static void take_candidate(struct peer *peer, const struct ice_candidate *candidate)
{
    struct peer_wait *wait = peer->wait;

    if (wait == NULL)
        endpoint_candidate(peer->peers->endpoint, peer->session, candidate);
    else if (candidate == NULL)
        wait->has_all_candidates = true;
    else if (wait->candidate_count < PEERS_EARLY_CANDIDATES_MAX)
        wait->candidates[wait->candidate_count++] = *candidate;
}

json_t *peers_candidate(struct peers *peers, const struct request *request)
{
    struct peer *peer = peers_find(peers, request->id);
    const char *text = read_candidate(request);
    struct ice_candidate candidate;

    if (peer == NULL)
        return request_error(request, "bad-message", "There is no peer connection of that id.");
    if (text == NULL)
        return request_error(request, "bad-message", "candidate must be an object or a string.");
    if (text[0] == '\0') {
        take_candidate(peer, NULL);
        return NULL;
    }
    switch (ice_candidate_parse(text, strlen(text), &candidate)) {
    case STATUS_OK:
        take_candidate(peer, &candidate);
        return NULL;
    case STATUS_UNSUPPORTED:
        return NULL; /* a name instead of an address (mDNS): heard by its checks */
    default:
        return request_error(request, "bad-message", "candidate is not an ICE candidate.");
    }
}

json_t *peers_layer(struct peers *peers, const struct request *request)
{
    const struct peer *peer = peers_find(peers, request->id);
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
    struct peer *peer = peers_find(peers, request->id);
    bool final;

    if (peer == NULL)
        return request_error(request, "bad-message", "There is no peer connection of that id.");
    if (request_flag(request, "end", &final) != STATUS_OK)
        return request_error(request, "bad-message", "end must be true or false.");
    json_t *message = make_bye(peer, NULL);
    struct session *session = peer->session;
    peers_forget(peers, peer);
    if (session != NULL)
        endpoint_end(peers->endpoint, session, final);
    peers->on_change(peers->context);
    return message;
}

void peers_end_stream(struct peers *peers, const char *stream, const char *reason)
{
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next) {
        if (is_open(peer) && peer->kind == SESSION_PUBLISHER && strcmp(peer->stream, stream) == 0) {
            struct session *session = peer->session;
            peers_tell_over(peer, reason);
            if (session != NULL)
                endpoint_end(peers->endpoint, session, true);
            return;
        }
    }
}

void peers_end_all(struct peers *peers)
{
    while (peers->first != NULL) {
        struct session *session = peers->first->session;
        peers_forget(peers, peers->first);
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
        else if (peer->wait != NULL)
            peers_tell_over(peer, "kicked");
        peer = next;
    }
}

void peers_abandon_all(struct peers *peers)
{
    while (peers->first != NULL) {
        if (peers->first->session != NULL)
            peers->first->session->owner = (struct session_owner){0};
        peers_forget(peers, peers->first);
    }
}

void peers_lose(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer != NULL;) {
        struct peer *next = peer->next;
        if (peer->wait != NULL)
            peers_tell_over(peer, "connection-lost");
        peer = next;
    }
}

void peers_tell_ended(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer != NULL;) {
        struct peer *next = peer->next;
        if (!is_open(peer) && peers->send(peers->context, make_bye(peer, peer->ended)))
            peers_forget(peers, peer);
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
        if (is_open(peer))
            return true;
    return false;
}

bool peers_has(const struct peers *peers, const char *id)
{
    return peers_find(peers, id) != NULL;
}
