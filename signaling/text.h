/* signaling/text.h - views of text that somebody else owns, and a bounded writer of text. A view is
 * never terminated and never longer than what it was cut from, so that parsers of SDP and settings
 * need neither copies nor sscanf. Owner: whoever holds the value; no threads inside. */
#ifndef SIGNALING_TEXT_H
#define SIGNALING_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed. Empty: bytes is 0 and at may be NULL. */
struct text {
    const char *at;
    size_t bytes;
};

struct text text_of(const char *terminated);
/* first_byte up to, not including, end. */
struct text text_between(const char *first_byte, const char *end);
bool text_is(struct text text, const char *literal);
/* ASCII only. */
bool text_is_nocase(struct text text, const char *literal);
bool text_equals(struct text a, struct text b);
bool text_starts(struct text text, const char *literal);
/* True when a is among the words of list, which are separated by spaces. */
bool text_has_word(struct text list, struct text a);
struct text text_trim(struct text text);
/* Returns what stands before the first separator and moves rest behind it; without one all of it,
 * and rest's at becomes NULL. */
struct text text_take(struct text *rest, char separator);
/* Returns the next word, without the spaces around it; empty at the end. */
struct text text_take_word(struct text *rest);
/* Reads decimal digits and nothing else, at most most; false leaves *number alone. */
bool text_number(struct text text, uint64_t most, uint64_t *number);
/* The same for hexadecimal digits without a prefix. */
bool text_hexadecimal(struct text text, uint64_t most, uint64_t *number);
/* Copies, terminated; false (out is "") when it does not fit into capacity_bytes. */
bool text_copy(struct text text, char *out, size_t capacity_bytes);

/* Grows on the heap up to a bound. The first failure sticks; check once, at the end. */
struct text_writer {
    char *start;
    size_t bytes;
    size_t capacity_bytes;
    size_t most_bytes;
    bool failed;
};

void text_writer_init(struct text_writer *writer, size_t most_bytes);
void text_put(struct text_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_put_view(struct text_writer *writer, struct text text);
/* Returns what was written, terminated; the caller frees it. NULL after a failure. The writer must
 * not be used again. */
char *text_writer_finish(struct text_writer *writer);

#endif
