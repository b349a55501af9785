/* signaling/sdp.h - reads a session description (RFC 8866) or a trickle fragment (RFC 8840) into
 * sections of attributes. It knows lines, not their meaning: offer.h does. All values are views of
 * the text that was parsed. Bounded; no recursion, no sscanf. Thread: any, one at a time. */
#ifndef SIGNALING_SDP_H
#define SIGNALING_SDP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/text.h"

enum {
    SDP_BYTES_MAX = 64 * 1024,
    SDP_LINES_MAX = 2000,
    SDP_MEDIA_MAX = 32,         /* m-lines */
    SDP_PAYLOAD_TYPES_MAX = 64, /* of one m-line */
    SDP_TOKEN_BYTES_MAX = 64    /* media, protocol, first format, identification tags */
};

struct sdp_attribute {
    struct text name;
    struct text value; /* empty for flags */
};

/* The session's own part, or an m-line and what follows it. */
struct sdp_section {
    struct sdp_attribute *attributes;
    unsigned attribute_count;
    /* The m-line; all empty in the session's part. */
    struct text media; /* "audio" */
    uint16_t port;
    struct text protocol;                         /* "UDP/TLS/RTP/SAVPF" */
    struct text first_format;                     /* as written: not always a number */
    uint8_t payload_types[SDP_PAYLOAD_TYPES_MAX]; /* of RTP protocols; 0..127, each once */
    unsigned payload_type_count;
};

struct sdp {
    struct sdp_section session;
    struct sdp_section media[SDP_MEDIA_MAX];
    unsigned media_count;
    struct sdp_attribute attributes[SDP_LINES_MAX]; /* of all sections, in order */
};

enum sdp_form {
    SDP_DESCRIPTION, /* begins with v=, o=, s= */
    SDP_FRAGMENT     /* any lines */
};

/* Reads text, which must outlive *sdp. Lines end with CRLF or LF. STATUS_MALFORMED or STATUS_FULL
 * (a bound above) with *why a sentence (static); STATUS_NO_MEMORY. */
MUST_CHECK enum status sdp_parse(struct text text, enum sdp_form form, struct sdp **sdp,
                                 const char **why);
void sdp_destroy(struct sdp *sdp); /* NULL is allowed */

/* The first attribute of that name (attribute names are case-sensitive), or NULL. */
const struct sdp_attribute *sdp_find(const struct sdp_section *section, const char *name);
/* In section, else in the session's part (RFC 8866 section 5.13). */
const struct sdp_attribute *sdp_find_inherited(const struct sdp *sdp,
                                               const struct sdp_section *section, const char *name);
bool sdp_has(const struct sdp_section *section, const char *name);
/* True for letters, digits and the marks that RFC 8866 section 9 allows in a token, 1 to
 * SDP_TOKEN_BYTES_MAX of them. */
bool sdp_is_token(struct text text);

#endif
