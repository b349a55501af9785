/* What a scraper reads, held against the text format of Prometheus, version 0.0.4. */
#include "signaling/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glib.h>

#include "signaling/metrics_rooms.h"
#include "signaling/metrics_text.h"
#include "tests/signaling/fake_exchange.h"
#include "tests/signaling/fake_media.h"
#include "tests/signaling/stage.h"

static struct stage stage;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    stage.config.metrics_rooms = 100;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

/* -- a strict reader of the format -- */

struct reader {
    char family[128];
    char type[16];
    GHashTable *families;
    GHashTable *series;
    double last_bucket;
};

static bool is_name(const char *text, size_t bytes)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:";

    return bytes > 0 && strchr(first, text[0]) != NULL &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789") >=
               bytes;
}

/* Returns where the label set ends, NULL when it is malformed. */
static const char *skip_labels(const char *at)
{
    if (*at++ != '{')
        return at - 1;
    while (*at != '}') {
        const size_t bytes = strcspn(at, "=");

        if (!is_name(at, bytes) || at[bytes + 1] != '"')
            return NULL;
        for (at += bytes + 2; *at != '"'; at++)
            if (*at == '\0' || (*at == '\\' && strchr("\\\"n", *++at) == NULL))
                return NULL;
        at++;
        if (*at == ',')
            at++;
        else if (*at != '}')
            return NULL;
    }
    return at + 1;
}

static void read_comment(struct reader *reader, const char *line)
{
    char family[128];

    if (strncmp(line, "# HELP ", 7) == 0) {
        assert_int_equal(sscanf(line + 7, "%127s", reader->family), 1);
        assert_true(is_name(reader->family, strlen(reader->family)));
        if (!g_hash_table_add(reader->families, g_strdup(reader->family)))
            fail_msg("twice: %s", line);
        reader->type[0] = '\0';
        reader->last_bucket = 0;
        return;
    }
    assert_int_equal(sscanf(line, "# TYPE %127s %15s", family, reader->type), 2);
    assert_string_equal(family, reader->family);
    assert_true(strcmp(reader->type, "gauge") == 0 || strcmp(reader->type, "counter") == 0 ||
                strcmp(reader->type, "histogram") == 0);
    if ((strcmp(reader->type, "counter") == 0) != g_str_has_suffix(family, "_total"))
        fail_msg("a counter or not: %s", line);
}

static void read_sample(struct reader *reader, const char *line)
{
    const size_t name_bytes = strcspn(line, "{ ");
    const size_t family_bytes = strlen(reader->family);
    const char *after = skip_labels(line + name_bytes);
    char *end;

    if (!is_name(line, name_bytes) || after == NULL || *after != ' ' || reader->type[0] == '\0')
        fail_msg("malformed: %s", line);
    const double value = strtod(after + 1, &end);
    if (end == after + 1 || *end != '\0')
        fail_msg("no number: %s", line);
    if (!g_hash_table_add(reader->series, g_strndup(line, (gsize)(after - line))))
        fail_msg("twice: %s", line);
    if (strncmp(line, reader->family, family_bytes) != 0)
        fail_msg("of another family: %s", line);
    if (strcmp(reader->type, "histogram") != 0) {
        assert_int_equal(name_bytes, family_bytes);
    } else if (g_str_has_prefix(line + family_bytes, "_bucket{le=")) {
        if (value < reader->last_bucket)
            fail_msg("fewer than in the bucket before: %s", line);
        reader->last_bucket = value;
    } else if (g_str_has_prefix(line + family_bytes, "_count ")) {
        assert_true(value == reader->last_bucket);
    } else {
        assert_true(g_str_has_prefix(line + family_bytes, "_sum "));
    }
}

static void check_format(const char *text)
{
    struct reader reader = {.families =
                                g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                            .series = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    char **lines = g_strsplit(text, "\n", -1);
    const guint count = g_strv_length(lines);

    assert_true(g_utf8_validate(text, -1, NULL));
    assert_string_equal(lines[count - 1], ""); /* the last line ends too */
    for (guint i = 0; i + 1 < count; i++)
        if (lines[i][0] == '#')
            read_comment(&reader, lines[i]);
        else
            read_sample(&reader, lines[i]);
    g_strfreev(lines);
    g_hash_table_destroy(reader.families);
    g_hash_table_destroy(reader.series);
}

/* -- */

static void expect(const char *text, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("not there: %s\n%s", line, text);
}

static void metrics_are_exact_text_of_all_that_is_counted(void **state)
{
    static const char *const WANTED[] = {
#define COUNTER_LINE(name, help)                                                                   \
    "\n# TYPE manycast_" #name "_total counter\nmanycast_" #name "_total ",
        STATS_LIST(COUNTER_LINE)
#undef COUNTER_LINE
#define HISTOGRAM_LINE(name, help, ...)                                                            \
    "\n# TYPE manycast_" #name " histogram\nmanycast_" #name "_bucket{le=",
            STATS_HISTOGRAMS(HISTOGRAM_LINE)
#undef HISTOGRAM_LINE
                "\nmanycast_packets_out_total 18446744073709551615\n",
        "\nmanycast_sockets 7\n",
        "\nmanycast_engineio_sessions 6\n",
        "\nmanycast_polls_waiting 5\n",
        "\nmanycast_requests_limited_total 4\n",
        "\nmanycast_log_lost_total 2\n",
        "\nmanycast_hook_calls_queued 0\n",
        "\nmanycast_worker_cpu_seconds_total{worker=\"0\"} 2.500000\n",
        "\nmanycast_worker_viewers{worker=\"0\"} 3\n",
        "\nmanycast_worker_packets_out_total{worker=\"0\"} 9\n",
        "\nmanycast_worker_drops_total{worker=\"0\",reason=\"send_again\"} 8\n",
        "\nmanycast_join_ice_ms_bucket{le=\"50\"} 1\n",
        "\nmanycast_join_ice_ms_sum 33\n",
        "\n# TYPE process_cpu_seconds_total counter\n",
        "\n# TYPE process_resident_memory_bytes gauge\n",
        "\n# TYPE process_open_fds gauge\n",
    };
    const struct metrics_gauges gauges = {
        .sockets = 7, .engineio = 6, .polls_waiting = 5, .requests_limited = 4, .log_lost = 2};
    struct stats sum;

    (void)state;
    fake_media.cpu_ns = INT64_C(2500000000);
    STATS_ADD(&fake_media.stats, sessions_opened, 5);
    STATS_ADD(&fake_media.stats, sessions_closed, 2);
    STATS_ADD(&fake_media.stats, packets_out, 9);
    STATS_ADD(&fake_media.stats, drop_send_again, 8);
    memset(&sum, 0, sizeof sum);
    STATS_ADD(&sum, packets_out, UINT64_MAX);
    STATS_OBSERVE(&sum, join_ice_ms, 33);
    char *text = metrics_text(stage.endpoint, &sum, &gauges);
    assert_non_null(text);
    check_format(text);
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++)
        expect(text, WANTED[i]);
    assert_null(strstr(text, "process_open_fds 0\n"));
    free(text);
}

static struct directory_stream *open_room(const char *name, unsigned viewers)
{
    struct directory_stream *stream;
    bool made;

    assert_int_equal(
        directory_stream_open(endpoint_directory(stage.endpoint), name, "main", &stream, &made),
        STATUS_OK);
    stream->viewers = viewers;
    stream->report.packets_lost[TRACK_AUDIO] = 1;
    return stream;
}

static void metrics_tell_how_rooms_sound(void **state)
{
    const struct metrics_gauges gauges = {0};
    const struct stats sum = {0};

    (void)state;
    stage.config.metrics_rooms = 2;
    open_room("a", 9)->sound = (struct sound){SOUND_SILENT, -90};
    open_room("b", 8); /* nothing is known */
    open_room("c", 2)->sound = (struct sound){SOUND_OK, -30};
    open_room("d", 1)->sound = (struct sound){SOUND_CLIPPING, -3};
    char *text = metrics_text(stage.endpoint, &sum, &gauges);
    check_format(text);
    expect(text, "\nmanycast_room_silent_streams{room=\"a\"} 1\n"
                 "manycast_room_silent_streams{room=\"b\"} 0\n"
                 "manycast_room_silent_streams{room=\"" METRICS_ROOMS_OTHERS "\"} 0\n");
    expect(text, "\nmanycast_room_clipping_streams{room=\"" METRICS_ROOMS_OTHERS "\"} 1\n");
    expect(text, "\nmanycast_room_sound_level_db{room=\"a\"} -90.000000\n"
                 "manycast_room_sound_level_db{room=\"" METRICS_ROOMS_OTHERS "\"} -3.000000\n");
    free(text);
}

static void metrics_name_the_largest_rooms(void **state)
{
    const struct metrics_gauges gauges = {0};
    const struct stats sum = {0};

    (void)state;
    stage.config.metrics_rooms = 3;
    open_room("small", 1);
    open_room("b", 5);
    open_room("a", 5);
    open_room("\"\\\xe7\x9b\xb4\xe6\x92\xad {x}", 9);
    open_room("smaller", 0);
    char *text = metrics_text(stage.endpoint, &sum, &gauges);
    check_format(text);
    expect(text, "\n# TYPE manycast_room_viewers gauge\n"
                 "manycast_room_viewers{room=\"\\\"\\\\\xe7\x9b\xb4\xe6\x92\xad {x}\"} 9\n"
                 "manycast_room_viewers{room=\"a\"} 5\n"
                 "manycast_room_viewers{room=\"b\"} 5\n"
                 "manycast_room_viewers{room=\"" METRICS_ROOMS_OTHERS "\"} 1\n#");
    expect(text, "\nmanycast_room_packets_lost{room=\"/others\",track=\"audio\"} 2\n");
    expect(text, "\nmanycast_rooms_unlisted 2\n");
    expect(text, "\nmanycast_rooms 5\n");
    free(text);
    stage.config.metrics_rooms = 5;
    text = metrics_text(stage.endpoint, &sum, &gauges);
    check_format(text);
    assert_null(strstr(text, METRICS_ROOMS_OTHERS "\""));
    expect(text, "\nmanycast_rooms_unlisted 0\n");
    free(text);
}

static void metrics_text_escapes_values(void **state)
{
    const struct metrics_label labels[METRICS_LABELS_MAX] = {{"a", "1\n2"}, {"b", "\\n\""}};
    struct metrics_writer writer;

    (void)state;
    assert_int_equal(metrics_writer_open(&writer), STATUS_OK);
    metrics_family(&writer, "x", "gauge", "Help");
    metrics_real(&writer, "x", labels, -0.5);
    char *text = metrics_writer_close(&writer);
    assert_string_equal(text, "# HELP x Help.\n# TYPE x gauge\n"
                              "x{a=\"1\\n2\",b=\"\\\\n\\\"\"} -0.500000\n");
    check_format(text);
    free(text);
}

static unsigned scrape(const char *authorization)
{
    const struct metrics_gauges gauges = {0};
    struct exchange *exchange = fake_exchange_make(HTTP_GET, "/metrics");

    exchange->authorization = authorization;
    metrics_handle(stage.endpoint, (const struct media *)&fake_media, &gauges, exchange);
    return exchange->status;
}

static void metrics_are_read_with_their_key_where_one_is_set(void **state)
{
    (void)state;
    assert_int_equal(scrape(""), 200);
    strcpy(stage.config.auth_metrics_key, "scrape");
    assert_int_equal(scrape(""), 401);
    assert_int_equal(scrape("Bearer other"), 401);
    assert_int_equal(scrape("Bearer scrape"), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(metrics_are_exact_text_of_all_that_is_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(metrics_tell_how_rooms_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(metrics_name_the_largest_rooms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(metrics_are_read_with_their_key_where_one_is_set, set_up,
                                        tear_down),
        cmocka_unit_test(metrics_text_escapes_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
