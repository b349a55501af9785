#include "transport/descriptors.h"

#include <glib.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>

#include "transport/mono_clock.h"

enum {
    KEPT_FREE_MAX = 512, /* and no more than a quarter */
    REST_FACTOR = 20,    /* counting takes a twentieth of the time at most */
};

static atomic_long left = LONG_MAX / 2;
static atomic_bool refused; /* since they were counted */

/* Main's. */
static long counted = LONG_MAX; /* left, when they were counted */
static int64_t next_ns;

bool descriptors_take(unsigned wanted)
{
    if (atomic_fetch_sub(&left, (long)wanted) >= (long)wanted)
        return true;
    atomic_fetch_add(&left, (long)wanted);
    atomic_store(&refused, true);
    return false;
}

/* -1: it cannot be said. */
static long count_open(void)
{
    GDir *folder = g_dir_open("/proc/self/fd", 0, NULL);
    long count = -1; /* the folder's own */

    if (folder == NULL)
        return -1;
    while (g_dir_read_name(folder) != NULL)
        count++;
    g_dir_close(folder);
    return count;
}

void descriptors_count(int64_t now_ns)
{
    const int64_t began_ns = mono_clock_ns();
    struct rlimit limit;

    /* While much is left of what was counted, the count is good enough; those that were closed
     * since are not in it. */
    const bool good = atomic_load(&left) > (counted < KEPT_FREE_MAX ? counted - 1 : counted / 2);
    if (now_ns < next_ns || (good && !atomic_load(&refused)))
        return;
    atomic_store(&refused, false);
    const long open = count_open();
    if (open < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return;
    const long most = (long)limit.rlim_cur;
    const long kept_free = most / 4 < KEPT_FREE_MAX ? most / 4 : KEPT_FREE_MAX;
    const long room = most - kept_free - open;
    counted = room > 0 ? room : 0;
    atomic_store(&left, counted);
    next_ns = now_ns + REST_FACTOR * (mono_clock_ns() - began_ns);
}
