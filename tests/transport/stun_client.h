/* tests/transport/stun_client.h - the other end of a connectivity check: builds binding requests by
 * libnice, and by hand what libnice would never send. */
#ifndef TESTS_TRANSPORT_STUN_CLIENT_H
#define TESTS_TRANSPORT_STUN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/address.h"

enum { STUN_CLIENT_BYTES_MAX = 1400 };

struct stun_client_request {
    const char *username; /* NULL: none */
    const char *password; /* NULL: no integrity */
    bool use_candidate;
    bool controlled; /* claims our role */
    bool no_fingerprint;
    uint16_t extra_type;   /* an empty attribute before the integrity; 0: none */
    uint16_t behind_type;  /* an empty attribute between integrity and fingerprint; 0: none */
    uint16_t method_class; /* the message type; 0: binding request */
};

/* Writes the request, returns its bytes. */
size_t stun_client_write(const struct stun_client_request *request,
                         uint8_t out[STUN_CLIENT_BYTES_MAX]);
/* The message type of an answer, 0 when it does not belong to the request. */
uint16_t stun_client_answer_type(const uint8_t *request, const uint8_t *answer,
                                 size_t answer_bytes);
/* True when the answer's XOR-MAPPED-ADDRESS is address, and integrity and fingerprint hold. */
bool stun_client_answer_holds(const uint8_t *answer, size_t answer_bytes, const char *password,
                              const struct address *address);

#endif
