#include "signaling/process_figures.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const double SECONDS_A_US = 1e-6;

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * SECONDS_A_US;
}

static uint64_t read_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    (void)fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Since Linux 6.2 the folder's size is their number; before, they are counted. */
static uint64_t count_descriptors(void)
{
    static const char path[] = "/proc/self/fd";
    struct stat folder;
    uint64_t count = 0;

    if (stat(path, &folder) == 0 && folder.st_size > 0)
        return (uint64_t)folder.st_size;
    DIR *opened = opendir(path);
    if (opened == NULL)
        return 0;
    const struct dirent *entry;
    while ((entry = readdir(opened)) != NULL) /* NOLINT(concurrency-mt-unsafe): a DIR of our own */
        count += entry->d_name[0] != '.';
    (void)closedir(opened);
    return count - 1; /* its own */
}

void process_figures_read(struct process_figures *figures)
{
    struct rusage usage;
    struct rlimit limit;

    *figures = (struct process_figures){.resident_bytes = read_resident_bytes(),
                                        .descriptors = count_descriptors()};
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        figures->cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        figures->descriptors_max = limit.rlim_cur;
}
