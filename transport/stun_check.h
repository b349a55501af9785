/* transport/stun_check.h - a viewer's connectivity checks: reads a STUN binding request (RFC 8489,
 * RFC 8445 section 7.3), authenticates it and writes the answer, on libnice's STUN library. Keeps
 * no state of the peer. What fails any step gets no answer at all, hence nothing for a stranger to
 * learn or to time. Thread: a checker has one owner; reading is pure. */
#ifndef TRANSPORT_STUN_CHECK_H
#define TRANSPORT_STUN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "transport/address.h"

enum {
    STUN_CHECK_BYTES_MAX = 1280, /* request; larger ones are malformed */
    STUN_CHECK_ATTRIBUTES_MAX = 64,
    STUN_CHECK_ANSWER_BYTES_MAX = 640, /* the answer repeats the user name */
    STUN_CHECK_USER_CHARS_MAX = 513
};

/* A binding request as it was read: well-formed, of unknown origin. Borrows the datagram. */
struct stun_check {
    const uint8_t *datagram;
    size_t datagram_bytes;
    const char *username; /* not terminated: "ours:theirs" */
    size_t username_chars;
    size_t local_ufrag_chars; /* how much of it is ours */
    bool use_candidate;
};

/* STATUS_UNSUPPORTED: STUN, but no binding request (indications, answers). STATUS_SHORT or
 * STATUS_MALFORMED: no magic cookie, a length that lies, no user name with a colon, no
 * MESSAGE-INTEGRITY or FINGERPRINT of the right size and place, too many attributes. */
MUST_CHECK enum status stun_check_read(const uint8_t *datagram, size_t datagram_bytes,
                                       struct stun_check *check);

struct stun_checker;

MUST_CHECK enum status stun_checker_create(struct stun_checker **checker);
void stun_checker_destroy(struct stun_checker *checker); /* NULL is allowed */

/* Compares user name and FINGERPRINT and verifies MESSAGE-INTEGRITY with password (all terminated).
 * On STATUS_OK writes the answer (STUN_CHECK_ANSWER_BYTES_MAX of room): success with the address
 * that the request came from, or an error that tells the peer its mistake (unknown attribute,
 * role): then *accepted is false and the check must have no effect. STATUS_DENIED: not who it says
 * it is; STATUS_MALFORMED: wrong FINGERPRINT, or nothing that can be answered. */
MUST_CHECK enum status stun_checker_answer(struct stun_checker *checker,
                                           const struct stun_check *check, const char *username,
                                           const char *password, const struct address *from,
                                           uint8_t *answer, size_t *answer_bytes, bool *accepted);

#endif
