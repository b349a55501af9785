/* signaling/metrics_text.h - writes the text format of Prometheus, version 0.0.4: families with
 * HELP and TYPE once, before their samples; label values escaped (backslash, quote, line feed).
 * Thread: main. */
#ifndef SIGNALING_METRICS_TEXT_H
#define SIGNALING_METRICS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/stats.h"
#include "core/status.h"

enum { METRICS_LABELS_MAX = 3 };

struct metrics_label {
    const char *name;
    const char *value; /* UTF-8; whatever is in it */
};

struct metrics_writer {
    FILE *out;
    char *text;
    size_t bytes;
};

MUST_CHECK enum status metrics_writer_open(struct metrics_writer *writer);
/* Returns the text, malloc'd and terminated; NULL when memory ran out on the way. */
char *metrics_writer_close(struct metrics_writer *writer);

/* Begins a family. type: gauge, counter or histogram; the name of a counter ends in _total. help:
 * one line. */
void metrics_family(struct metrics_writer *writer, const char *name, const char *type,
                    const char *help);
/* Samples of the family that was begun last; labels end with the first without a name. */
void metrics_count(struct metrics_writer *writer, const char *name,
                   const struct metrics_label *labels, uint64_t value);
void metrics_real(struct metrics_writer *writer, const char *name,
                  const struct metrics_label *labels, double value);
/* A family of one sample without labels. */
void metrics_put_count(struct metrics_writer *writer, const char *name, const char *type,
                       const char *help, uint64_t value);
void metrics_put_real(struct metrics_writer *writer, const char *name, const char *type,
                      const char *help, double value);
/* A family of its own, without labels. */
void metrics_put_histogram(struct metrics_writer *writer, const char *name, const char *help,
                           const struct stats_histogram *histogram,
                           const uint32_t bounds[STATS_BOUNDS]);

#endif
