#include "signaling/journal.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { TIME_BYTES = 32, LINE_BYTES_MAX = LOG_LINE_BYTES_MAX + 128 };

/* Guards the second's account; held for no system call. */
static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    time_t second;
    unsigned lines;
    unsigned withheld;
} account;

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

/* One write a line, so that lines of several threads do not mix. */
static void write_line(const struct timespec *now, const char *level, const char *area,
                       const char *text)
{
    char time_text[TIME_BYTES];
    char line[LINE_BYTES_MAX];
    struct tm parts;
    int bytes;

    (void)gmtime_r(&now->tv_sec, &parts);
    (void)strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%S", &parts);
    bytes = snprintf(line, sizeof line, "%s.%03ldZ %s %s %s\n", time_text, now->tv_nsec / 1000000,
                     level, area, text);
    if (bytes >= (int)sizeof line) {
        bytes = (int)sizeof line - 1;
        line[bytes - 1] = '\n';
    }
    if (bytes > 0 && write(STDERR_FILENO, line, (size_t)bytes) < 0)
        return; /* nowhere left to say so */
}

static void on_line(void *context, enum log_level level, const char *area, const char *line)
{
    static const char *const LEVELS[] = {"error", "warning", "info", "debug"};
    struct timespec now;
    unsigned withheld;

    (void)context;
    clock_gettime(CLOCK_REALTIME, &now);
    if (!admit(level, now.tv_sec, &withheld))
        return;
    if (withheld > 0) {
        char told[64];

        (void)snprintf(told, sizeof told, "%u lines of a former second were left out", withheld);
        write_line(&now, "warning", "log", told);
    }
    write_line(&now, LEVELS[level], area, line);
}

void journal_start(enum log_level level)
{
    log_set_level(level);
    log_set_sink(on_line, NULL);
}
