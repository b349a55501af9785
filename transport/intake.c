#include "transport/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "transport/mono_clock.h"
#include "transport/stun_check.h"

struct waiting {
    uint64_t session;
    size_t bytes;
    uint8_t datagram[INTAKE_DTLS_BYTES_MAX];
};

struct intake {
    struct intake_settings settings;
    struct stun_checker *checker;
    unsigned first_waiting;
    unsigned waiting_count;
    struct waiting waiting[INTAKE_DTLS_WAITING_MAX];
};

enum status intake_create(const struct intake_settings *settings, struct intake **intake)
{
    struct intake *made = calloc(1, sizeof *made);

    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->settings = *settings;
    const enum status status = stun_checker_create(&made->checker);
    if (status != STATUS_OK) {
        free(made);
        return status;
    }
    *intake = made;
    return STATUS_OK;
}

void intake_destroy(struct intake *intake)
{
    if (intake == NULL)
        return;
    stun_checker_destroy(intake->checker);
    free(intake);
}

/* The viewer whose path this is; NULL with *foreign -1: a stranger, else whose worker. */
static struct viewer_session *find_session(const struct intake *intake, const struct path *path,
                                           int *foreign)
{
    *foreign = -1;
    if (path->tcp != NULL)
        return tcp_session(path->tcp);
    const struct mux_entry *entry = mux_find(intake->settings.mux, &path->remote);
    if (entry == NULL)
        return NULL;
    if (entry->session == NULL)
        *foreign = entry->worker;
    return entry->session;
}

/* Verifies the check and answers it when answer is wanted; true when it may have its effect. */
static bool verify(struct intake *intake, const struct stun_check *check, const struct path *path,
                   const char *username, const char *password, bool answered)
{
    const struct intake_settings *settings = &intake->settings;
    uint8_t answer[STUN_CHECK_ANSWER_BYTES_MAX];
    size_t answer_bytes = 0;
    bool accepted = false;
    const enum status status = stun_checker_answer(intake->checker, check, username, password,
                                                   &path->remote, answer, &answer_bytes, &accepted);

    if (status == STATUS_DENIED)
        STATS_ADD(settings->stats, drop_stun_integrity, 1);
    else if (status != STATUS_OK)
        STATS_ADD(settings->stats, drop_stun_malformed, 1);
    else if (answered)
        viewer_egress_datagram(settings->out, path, answer, answer_bytes);
    return status == STATUS_OK && accepted;
}

static bool verify_ticket(struct intake *intake, const struct stun_check *check,
                          const struct path *path, const struct ticket *ticket, bool answered)
{
    char username[2 * ICE_UFRAG_CHARS_MAX + 2];

    snprintf(username, sizeof username, "%s:%s", ticket->local.ufrag, ticket->remote_ufrag);
    return verify(intake, check, path, username, ticket->local.password, answered);
}

/* The check, an authentic one, is of a viewer that lives on another worker: the datagram goes
 * there, and what comes later from the same address too; a connection goes as a whole. Whoever of
 * ours had the path has it no more: nothing may be sent over it, and the connection is freed. */
static void pass_on(struct intake *intake, const struct stun_check *check, const struct path *path,
                    int worker, int64_t now_ns)
{
    const struct intake_settings *settings = &intake->settings;
    const struct intake_peers *peers = &settings->peers;
    int foreign = -1;
    struct viewer_session *before = find_session(intake, path, &foreign);

    if (before != NULL)
        ice_lite_forget(&before->ice, path);
    if (path->tcp != NULL) {
        struct tcp_handover handover;
        tcp_take_out(path->tcp, check->datagram_bytes, &handover);
        peers->hand_over(peers->context, worker, &handover);
        return;
    }
    if (mux_put_foreign(settings->mux, &path->remote, worker, now_ns) != STATUS_OK)
        LOG_DEBUG("intake", "too many addresses of other workers");
    peers->forward(peers->context, worker, path, check->datagram, check->datagram_bytes);
}

/* The first check of a ticket that nobody has claimed. */
static void claim(struct intake *intake, const struct stun_check *check, const struct path *path,
                  const struct ticket *ticket, int64_t now_ns)
{
    const struct intake_settings *settings = &intake->settings;
    struct viewer_session *session = NULL;
    int owner = TICKET_UNCLAIMED;

    if (!verify_ticket(intake, check, path, ticket, true))
        return;
    enum status status =
        ticket_table_claim(settings->tickets, ticket->session, settings->worker, &owner);
    if (status == STATUS_EXISTS)
        pass_on(intake, check, path, owner, now_ns);
    if (status != STATUS_OK)
        return;
    status = viewers_admit(settings->viewers, ticket, now_ns, &session);
    if (status != STATUS_OK) {
        ticket_table_remove(settings->tickets, ticket->session);
        settings->events.on_closed(settings->events.context, ticket->session,
                                   MEDIA_CLOSED_RESOURCE);
        return;
    }
    viewers_on_check(settings->viewers, session, path, check->use_candidate, now_ns);
}

/* A check of a viewer of ours over a path that is not known as its own, or with the new user name
 * of an ICE restart. */
static void check_own(struct intake *intake, const struct stun_check *check,
                      const struct path *path, const struct ticket *ticket, int64_t now_ns)
{
    const struct intake_settings *settings = &intake->settings;
    struct viewer_session *session = viewers_find(settings->viewers, ticket->session);

    if (session == NULL || !verify_ticket(intake, check, path, ticket, true))
        return;
    if (!ice_lite_has_user(&session->ice, check->username, check->username_chars) &&
        ice_lite_restart(&session->ice, &ticket->local, ticket->remote_ufrag) == STATUS_OK)
        ticket_table_settle(settings->tickets, ticket->session, ticket->local.ufrag);
    viewers_on_check(settings->viewers, session, path, check->use_candidate, now_ns);
}

static void take_check(struct intake *intake, const struct path *path, const uint8_t *datagram,
                       size_t datagram_bytes, bool forwarded, int64_t now_ns)
{
    const struct intake_settings *settings = &intake->settings;
    struct stun_check check;
    int owner = TICKET_UNCLAIMED;

    const enum status status = stun_check_read(datagram, datagram_bytes, &check);
    if (status == STATUS_UNSUPPORTED)
        return; /* keep-alive indications */
    if (status != STATUS_OK) {
        STATS_ADD(settings->stats, drop_stun_malformed, 1);
        return;
    }
    struct viewer_session *session = find_session(intake, path, &owner);
    if (session != NULL && ice_lite_has_user(&session->ice, check.username, check.username_chars)) {
        if (verify(intake, &check, path, session->ice.username, session->ice.password, true))
            viewers_on_check(settings->viewers, session, path, check.use_candidate, now_ns);
        return;
    }
    struct ticket ticket;
    if (ticket_table_find(settings->tickets, check.username, check.local_ufrag_chars, &ticket,
                          &owner) != STATUS_OK) {
        STATS_ADD(settings->stats, drop_stun_unknown_user, 1);
        return;
    }
    if (owner == TICKET_UNCLAIMED)
        claim(intake, &check, path, &ticket, now_ns);
    else if (owner == settings->worker)
        check_own(intake, &check, path, &ticket, now_ns);
    else if (!forwarded && verify_ticket(intake, &check, path, &ticket, false))
        pass_on(intake, &check, path, owner, now_ns);
    explicit_bzero(&ticket.local, sizeof ticket.local);
}

static void give_to_data(const struct intake *intake, const struct viewer_session *session,
                         const uint8_t *datagram, size_t datagram_bytes)
{
    const struct intake_settings *settings = &intake->settings;

    if (!data_receive(settings->data, session->id, false, datagram, datagram_bytes))
        STATS_ADD(settings->stats, data_drop_handover, 1);
}

static void queue_dtls(struct intake *intake, const struct viewer_session *session,
                       const uint8_t *datagram, size_t datagram_bytes)
{
    if (datagram_bytes > INTAKE_DTLS_BYTES_MAX) {
        STATS_ADD(intake->settings.stats, drop_too_large, 1);
        return;
    }
    if (session->has_data) {
        give_to_data(intake, session, datagram, datagram_bytes);
        return;
    }
    if (session->dtls == NULL && viewer_session_is_connected(session))
        return; /* a late record of a handshake that is over */
    const bool is_new = session->dtls == NULL;
    if (intake->waiting_count >= (is_new ? INTAKE_DTLS_WAITING_NEW_MAX : INTAKE_DTLS_WAITING_MAX) ||
        (is_new && viewers_handshakes_full(intake->settings.viewers))) {
        STATS_ADD(intake->settings.stats, drop_handshake_limit, 1);
        return;
    }
    const unsigned at = (intake->first_waiting + intake->waiting_count) % INTAKE_DTLS_WAITING_MAX;
    struct waiting *waiting = &intake->waiting[at];
    waiting->session = session->id;
    waiting->bytes = datagram_bytes;
    memcpy(waiting->datagram, datagram, datagram_bytes);
    intake->waiting_count++;
}

static void take_rtcp(struct intake *intake, struct viewer_session *session, uint8_t *packet,
                      size_t packet_bytes, int64_t now_ns)
{
    if (viewer_session_open_rtcp(session, packet, &packet_bytes) != STATUS_OK) {
        STATS_ADD(intake->settings.stats, drop_srtp, 1);
        return;
    }
    audience_feedback(session->audience, &session->viewer, packet, packet_bytes, now_ns);
    viewer_session_tell_quality(session, intake->settings.stats);
}

static void take_media(struct intake *intake, const struct path *path, enum mux_kind kind,
                       uint8_t *datagram, size_t datagram_bytes, bool forwarded, int64_t now_ns)
{
    const struct intake_settings *settings = &intake->settings;
    int foreign = -1;
    struct viewer_session *session = find_session(intake, path, &foreign);

    if (session == NULL) {
        if (foreign >= 0 && !forwarded)
            settings->peers.forward(settings->peers.context, foreign, path, datagram,
                                    datagram_bytes);
        else
            STATS_ADD(settings->stats, drop_unknown_address, 1);
        return;
    }
    if (kind == MUX_DTLS)
        queue_dtls(intake, session, datagram, datagram_bytes);
    else if (kind == MUX_RTCP)
        take_rtcp(intake, session, datagram, datagram_bytes, now_ns);
    else
        STATS_ADD(settings->stats, drop_rtp_unknown, 1); /* viewers send no RTP */
}

void intake_take(struct intake *intake, const struct path *path, uint8_t *datagram,
                 size_t datagram_bytes, bool forwarded, int64_t now_ns)
{
    const enum mux_kind kind = mux_kind_of(datagram, datagram_bytes);

    switch (kind) {
    case MUX_STUN:
        take_check(intake, path, datagram, datagram_bytes, forwarded, now_ns);
        break;
    case MUX_DTLS:
    case MUX_RTP:
    case MUX_RTCP:
        take_media(intake, path, kind, datagram, datagram_bytes, forwarded, now_ns);
        break;
    case MUX_OTHER:
        STATS_ADD(intake->settings.stats, drop_not_for_us, 1);
        break;
    }
}

bool intake_handshake_steps(struct intake *intake, int64_t now_ns, int64_t until_ns)
{
    const struct intake_settings *settings = &intake->settings;

    while (intake->waiting_count > 0) {
        const struct waiting *waiting = &intake->waiting[intake->first_waiting];
        struct viewer_session *session = viewers_find(settings->viewers, waiting->session);

        if (session != NULL && session->has_data)
            give_to_data(intake, session, waiting->datagram, waiting->bytes);
        else if (session != NULL)
            viewers_on_outcome(settings->viewers, session,
                               viewer_session_receive_dtls(session, settings->dtls_context,
                                                           waiting->datagram, waiting->bytes,
                                                           now_ns),
                               now_ns);
        intake->first_waiting = (intake->first_waiting + 1) % INTAKE_DTLS_WAITING_MAX;
        intake->waiting_count--;
        if (mono_clock_ns() >= until_ns)
            break;
    }
    return intake->waiting_count > 0;
}
