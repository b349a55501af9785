#include "signaling/journal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static int kept; /* the test's own standard error */

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as main does */
    kept = dup(STDERR_FILENO);
    journal_start(LOG_LEVEL_DEBUG, JOURNAL_TEXT);
    return kept >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    return dup2(kept, STDERR_FILENO) >= 0 && close(kept) == 0 ? 0 : -1;
}

/* From here on the log goes to descriptor, which is closed. */
static void log_to(int descriptor)
{
    assert_true(dup2(descriptor, STDERR_FILENO) >= 0);
    close(descriptor);
}

/* How many of count lines are lost. Debug lines, which are not limited. */
static unsigned lose(unsigned count)
{
    const uint64_t before = journal_lost();

    for (unsigned i = 0; i < count; i++)
        LOG_DEBUG("test", "line %u", i);
    return (unsigned)(journal_lost() - before);
}

/* What lies in the pipe, without times. Terminated; borrowed. */
static const char *read_pipe(int end)
{
    static char text[8192];
    const ssize_t bytes = read(end, text, sizeof text - 1);

    text[bytes > 0 ? bytes : 0] = '\0';
    return text;
}

static void journal_writes_lines_in_the_format_that_is_set(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    log_to(ends[1]);
    LOG_WARNING("area", "one");
    assert_non_null(strstr(read_pipe(ends[0]), "Z warning area one\n"));
    journal_set_format(JOURNAL_JSON); /* as a reload does */
    LOG_WARNING("area", "two \"x\"");
    assert_non_null(
        strstr(read_pipe(ends[0]),
               "\"level\":\"warning\",\"area\":\"area\",\"message\":\"two \\\"x\\\"\"}\n"));
    close(ends[0]);
}

static void journal_counts_lines_when_the_disk_is_full(void **state)
{
    (void)state;
    log_to(open("/dev/full", O_WRONLY));
    assert_int_equal(lose(1000), 1000);
}

static void journal_counts_lines_when_standard_error_is_closed(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    assert_int_equal(lose(10), 10);
    /* A process that is started like that. */
    journal_keep_descriptors();
    assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
    assert_int_equal(lose(10), 10);
}

static void journal_counts_lines_when_the_reader_is_gone(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    log_to(ends[1]);
    close(ends[0]);
    assert_int_equal(lose(10), 10);
}

/* A reader that stands still must not make a thread of ours stand still. */
static void journal_counts_lines_when_the_reader_stalls_and_goes_on_after(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    log_to(ends[1]);
    assert_in_range(lose(10000), 1, 9999); /* a pipe holds 64 KiB */
    while (strlen(read_pipe(ends[0])) == 8191)
        continue;
    assert_int_equal(lose(1), 0);
    close(ends[0]);
}

/* As many bytes as a file may have; what is more is as on a full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void journal_ends_a_line_that_was_torn(void **state)
{
    FILE *file = tmpfile();
    char line[256];

    (void)state;
    assert_non_null(file);
    signal(SIGXFSZ, SIG_IGN);
    log_to(dup(fileno(file)));
    limit_files(60); /* the second line ends in its middle */
    assert_int_equal(lose(5), 4);
    limit_files(RLIM_INFINITY);
    LOG_WARNING("test", "there is space again");
    rewind(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_non_null(strstr(line, "Z debug test line 0\n"));
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(strncmp(line, "20", 2), 0); /* its time */
    assert_non_null(strstr(line, "Z warning test there is space again\n"));
    fclose(file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(journal_writes_lines_in_the_format_that_is_set),
        TEST(journal_counts_lines_when_the_disk_is_full),
        TEST(journal_counts_lines_when_standard_error_is_closed),
        TEST(journal_counts_lines_when_the_reader_is_gone),
        TEST(journal_counts_lines_when_the_reader_stalls_and_goes_on_after),
        TEST(journal_ends_a_line_that_was_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
