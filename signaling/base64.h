/* signaling/base64.h - base64 with padding, strictly (RFC 4648 section 4): no other character, no
 * line end. Pure functions. */
#ifndef SIGNALING_BASE64_H
#define SIGNALING_BASE64_H

#include <stddef.h>

#include "core/status.h"
#include "signaling/text.h"

/* Bytes of the text that stands for so many bytes. */
size_t base64_encoded_bytes(size_t bytes);
/* Appends. */
void base64_put(struct text_writer *writer, const void *data, size_t data_bytes);
/* out has room for text.bytes / 4 * 3 bytes. STATUS_MALFORMED. */
MUST_CHECK enum status base64_read(struct text text, unsigned char *out, size_t *out_bytes);

#endif
