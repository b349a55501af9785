/* core/status.h - the one way to fail.
 * Every function of ours that can fail returns enum status; out-parameters are written on success
 * only, unless the function's comment says otherwise. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
    STATUS_OK = 0,
    STATUS_SHORT,       /* the input ends before what it announces */
    STATUS_MALFORMED,   /* the input breaks its own rules */
    STATUS_UNSUPPORTED, /* well-formed, but nothing that we do */
    STATUS_FULL,        /* a bound of ours is reached */
    STATUS_NOT_FOUND,
    STATUS_EXISTS,
    STATUS_DENIED, /* credential, integrity or fingerprint does not match */
    STATUS_AGAIN,  /* not now; trying later can succeed */
    STATUS_CLOSED, /* the other side, or we, ended it */
    STATUS_NO_MEMORY,
    STATUS_SYSTEM, /* the operating system or a library refused; logged where it happened */
};

/* Returns a short English phrase for status, never NULL; static, any thread. */
const char *status_text(enum status status);

#endif
