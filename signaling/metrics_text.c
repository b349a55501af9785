#include "signaling/metrics_text.h"

#include <inttypes.h>
#include <stdlib.h>

enum status metrics_writer_open(struct metrics_writer *writer)
{
    *writer = (struct metrics_writer){0};
    writer->out = open_memstream(&writer->text, &writer->bytes);
    return writer->out != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

char *metrics_writer_close(struct metrics_writer *writer)
{
    if (fclose(writer->out) == 0)
        return writer->text;
    free(writer->text);
    return NULL;
}

void metrics_family(struct metrics_writer *writer, const char *name, const char *type,
                    const char *help)
{
    (void)fprintf(writer->out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(FILE *out, const char *value)
{
    for (; value[0] != '\0'; value++) {
        if (value[0] == '\n') {
            (void)fputs("\\n", out);
            continue;
        }
        if (value[0] == '\\' || value[0] == '"')
            (void)fputc('\\', out);
        (void)fputc(value[0], out);
    }
}

static void put_name(FILE *out, const char *name, const struct metrics_label *labels)
{
    (void)fputs(name, out);
    for (unsigned i = 0; labels != NULL && i < METRICS_LABELS_MAX && labels[i].name != NULL; i++) {
        (void)fprintf(out, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        put_value(out, labels[i].value);
        (void)fputc('"', out);
    }
    (void)fputs(labels != NULL && labels[0].name != NULL ? "} " : " ", out);
}

void metrics_count(struct metrics_writer *writer, const char *name,
                   const struct metrics_label *labels, uint64_t value)
{
    put_name(writer->out, name, labels);
    (void)fprintf(writer->out, "%" PRIu64 "\n", value);
}

void metrics_real(struct metrics_writer *writer, const char *name,
                  const struct metrics_label *labels, double value)
{
    put_name(writer->out, name, labels);
    (void)fprintf(writer->out, "%.6f\n", value);
}

void metrics_put_count(struct metrics_writer *writer, const char *name, const char *type,
                       const char *help, uint64_t value)
{
    metrics_family(writer, name, type, help);
    metrics_count(writer, name, NULL, value);
}

void metrics_put_real(struct metrics_writer *writer, const char *name, const char *type,
                      const char *help, double value)
{
    metrics_family(writer, name, type, help);
    metrics_real(writer, name, NULL, value);
}

void metrics_put_histogram(struct metrics_writer *writer, const char *name, const char *help,
                           const struct stats_histogram *histogram,
                           const uint32_t bounds[STATS_BOUNDS])
{
    FILE *out = writer->out;
    uint64_t count = 0;

    metrics_family(writer, name, "histogram", help);
    for (unsigned i = 0; i < STATS_BOUNDS; i++) {
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        (void)fprintf(out, "%s_bucket{le=\"%" PRIu32 "\"} %" PRIu64 "\n", name, bounds[i], count);
    }
    count += atomic_load_explicit(&histogram->buckets[STATS_BOUNDS], memory_order_relaxed);
    (void)fprintf(
        out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %" PRIu64 "\n%s_count %" PRIu64 "\n", name,
        count, name, atomic_load_explicit(&histogram->sum, memory_order_relaxed), name, count);
}
