/* signaling/json_scan.h - looks over JSON text (RFC 8259) without building anything: whether it is
 * sound, where its values begin and end. So what is only passed on stays as it was written, to the
 * last digit. The text is valid UTF-8 already. Pure functions. */
#ifndef SIGNALING_JSON_SCAN_H
#define SIGNALING_JSON_SCAN_H

#include "core/status.h"
#include "signaling/text.h"

enum { JSON_SCAN_DEPTH_MAX = 64 };

/* Takes one value off the start of rest, white space around it too. placeholders: how many
 * attachments come with it; {"_placeholder":true,"num":N} with an N that is none of them is
 * malformed (socket.io-protocol, binary events). STATUS_MALFORMED. */
MUST_CHECK enum status json_scan_value(struct text *rest, unsigned placeholders,
                                       struct text *value);
/* The same, to the end of text. */
MUST_CHECK enum status json_scan_whole(struct text text, unsigned placeholders);
/* Takes the first element off an array that json_scan_value found sound, and gives the elements
 * after it: first "" when there is none. */
void json_scan_first(struct text array, struct text *first, struct text *others);
/* Appends sound JSON with everything that is not ASCII as \uXXXX. */
void json_put_ascii(struct text json, struct text_writer *out);

#endif
