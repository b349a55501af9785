#include "signaling/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Guards the second's account; held for no system call. */
static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    time_t second;
    unsigned lines;
    unsigned withheld;
} account;

static _Atomic int current_format = JOURNAL_TEXT;
static _Atomic uint64_t lost;
static atomic_bool torn; /* the last line lacks its end */

/* True when the line may be written; *withheld: lines of a former second that were not, to be told
 * once. */
static bool admit(enum log_level level, time_t second, unsigned *withheld)
{
    bool admitted = true;

    *withheld = 0;
    pthread_mutex_lock(&account_lock);
    if (account.second != second) {
        *withheld = account.withheld;
        account.second = second;
        account.lines = 0;
        account.withheld = 0;
    }
    if (level != LOG_LEVEL_DEBUG && ++account.lines > JOURNAL_LINES_PER_SECOND) {
        account.withheld++;
        admitted = false;
    }
    pthread_mutex_unlock(&account_lock);
    return admitted;
}

/* A pipe that says so takes a whole line at once (PIPE_BUF). */
static bool is_writable(void)
{
    struct pollfd log = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&log, 1, 0) == 1 && (log.revents & POLLOUT) != 0;
}

/* One write a line, so that lines of several threads do not mix. */
static void write_line(const struct journal_line *line)
{
    const enum journal_format format =
        (enum journal_format)atomic_load_explicit(&current_format, memory_order_relaxed);
    char out[1 + JOURNAL_LINE_BYTES_MAX] = "\n";
    const size_t bytes = journal_line_write(format, line, &out[1]);
    ssize_t written = -1;

    if (is_writable()) {
        const bool was_torn = atomic_exchange(&torn, false);
        const size_t first = was_torn ? 0 : 1;
        const size_t due = bytes + 1 - first;

        written = write(STDERR_FILENO, &out[first], due);
        if (written > 0 ? (size_t)written < due : was_torn)
            atomic_store(&torn, true);
        if (written == (ssize_t)due)
            return;
    }
    atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
}

static void on_line(void *context, enum log_level level, const char *area, const char *message)
{
    struct journal_line line = {.level = level, .area = area, .message = message};
    unsigned withheld;

    (void)context;
    clock_gettime(CLOCK_REALTIME, &line.time);
    if (!admit(level, line.time.tv_sec, &withheld))
        return;
    if (withheld > 0) {
        char told[64];
        const struct journal_line more = {
            .time = line.time, .level = LOG_LEVEL_WARNING, .area = "log", .message = told};

        (void)snprintf(told, sizeof told, "%u lines of a former second were left out", withheld);
        write_line(&more);
    }
    write_line(&line);
}

/* The lowest free number is given out. Reading only on standard error: what is written there fails,
 * and is counted. */
void journal_keep_descriptors(void)
{
    static const int MODES[] = {
        [STDIN_FILENO] = O_RDONLY, [STDOUT_FILENO] = O_WRONLY, [STDERR_FILENO] = O_RDONLY};

    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && errno == EBADF && open("/dev/null", MODES[i]) != i)
            return; /* then there is nothing to be done */
}

void journal_start(enum log_level level, enum journal_format format)
{
    journal_set_format(format);
    log_set_level(level);
    log_set_sink(on_line, NULL);
}

void journal_set_format(enum journal_format format)
{
    atomic_store_explicit(&current_format, (int)format, memory_order_relaxed);
}

uint64_t journal_lost(void)
{
    return atomic_load_explicit(&lost, memory_order_relaxed);
}
