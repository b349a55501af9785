#include "bench/load/server_watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool server_watch_read(int pid, struct server_usage *usage)
{
    char path[64];
    char text[1024];
    unsigned long user = 0;
    unsigned long system = 0;
    long pages = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    const size_t bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    /* The name, second, may hold anything: fields are counted from its closing parenthesis. */
    const char *rest = strrchr(text, ')');
    if (rest == NULL ||
        sscanf(rest, /* NOLINT(cert-err34-c): the kernel wrote it */
               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u "
               "%*u %ld",
               &user, &system, &pages) != 3)
        return false;
    usage->cpu_ns = (int64_t)(user + system) * 1000000000 / sysconf(_SC_CLK_TCK);
    usage->resident_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}
