#include "bench/rooms/server_process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/mono.h"

/* Reads /proc/PID/NAME into text; "" when there is none. */
static void read_file(pid_t pid, const char *name, char *text, size_t room_bytes)
{
    char path[64];

    text[0] = '\0';
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
    if (file == NULL)
        return;
    const size_t bytes = fread(text, 1, room_bytes - 1, file);
    text[bytes] = '\0';
    (void)fclose(file);
}

uint64_t server_process_bytes(pid_t pid)
{
    char text[256];
    unsigned long long all;
    unsigned long long resident;

    read_file(pid, "statm", text, sizeof text);
    if (sscanf(text, "%llu %llu", &all, &resident) != 2)
        return 0;
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

int64_t server_process_cpu_ns(pid_t pid)
{
    char text[1024];
    unsigned long long user;
    unsigned long long system;

    read_file(pid, "stat", text, sizeof text);
    const char *after_name = strrchr(text, ')');
    if (after_name == NULL || sscanf(after_name,
                                     ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                                     "%llu %llu",
                                     &user, &system) != 2)
        return 0;
    return (int64_t)(user + system) * (MONO_SECOND / sysconf(_SC_CLK_TCK));
}
