/* signaling/tls.h - exchanging the certificate of a running server. Thread: main. */
#ifndef SIGNALING_TLS_H
#define SIGNALING_TLS_H

#include <openssl/ssl.h>

#include "core/status.h"

/* Reads chain and key (PEM files) and has context use them for connections to come; those that are
 * open keep theirs. On any failure (unreadable, no pair) context is as it was: STATUS_MALFORMED,
 * logged. */
MUST_CHECK enum status tls_exchange(SSL_CTX *context, const char *certificate_path,
                                    const char *key_path);

#endif
