/* signaling/shared_text.h - a text that many connections send: serialized and stored once, counted.
 * There is room before it for what a transport puts in front of each message; that is written anew
 * for each connection, and each write is over before the next begins. Thread: main. */
#ifndef SIGNALING_SHARED_TEXT_H
#define SIGNALING_SHARED_TEXT_H

#include <jansson.h>
#include <stddef.h>

enum { SHARED_TEXT_HEAD_BYTES = 16 };

struct shared_text {
    unsigned references;
    size_t bytes;         /* of text, without the terminator */
    unsigned char data[]; /* SHARED_TEXT_HEAD_BYTES of room, then the text, terminated */
};

/* Each returns one reference, NULL when out of memory. */
struct shared_text *shared_text_copy(const char *text, size_t text_bytes);
struct shared_text *shared_text_join(const void *first, size_t first_bytes, const void *second,
                                     size_t second_bytes);
/* object as compact JSON; borrowed. */
struct shared_text *shared_text_of_json(const json_t *object);
/* Returns another reference. */
struct shared_text *shared_text_keep(struct shared_text *text);
/* NULL is allowed. */
void shared_text_release(struct shared_text *text);
const char *shared_text_get(const struct shared_text *text);

#endif
