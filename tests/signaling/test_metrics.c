/* What a scraper reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/metrics.h"

static void metrics_text_names_every_counter_and_gauge(void **state)
{
    static const char *const WANTED[] = {
        "\nmanycast_rooms 3\n",
        "\nmanycast_viewers 41\n",
        "\nmanycast_sockets 7\n",
        "\nmanycast_log_lost_total 5\n",
#define COUNTER_LINE(name, help)                                                                   \
    "\n# TYPE manycast_" #name "_total counter\nmanycast_" #name "_total ",
        STATS_LIST(COUNTER_LINE)
#undef COUNTER_LINE
            "\nmanycast_packets_out_total 18446744073709551615\n",
    };
    const struct metrics_gauges gauges = {
        .counts = {.rooms = 3, .viewers = 41}, .sockets = 7, .log_lost = 5};
    struct stats stats;
    char *text;

    (void)state;
    memset(&stats, 0, sizeof stats);
    STATS_ADD(&stats, packets_out, UINT64_MAX);
    text = metrics_text(&stats, &gauges);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++)
        if (strstr(text, WANTED[i]) == NULL)
            fail_msg("not there: %s", WANTED[i]);
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_text_names_every_counter_and_gauge)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
