/* manycast-rooms rooms|crowd|relay - how many rooms, joins and lines the signaling thread carries.
 * Tells one line of JSON a phase; bench/rooms/run.mjs starts the server and draws the picture. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/rooms/bench.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: manycast-rooms rooms|crowd|relay --port PORT [--pid SERVER] [--connections N]\n"
    "         [--window N] [--rounds N] [--lines N] [--rooms N]\n";

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool read_options(int argc, char **argv, struct bench_options *options)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},        {"pid", required_argument, NULL, 'i'},
        {"connections", required_argument, NULL, 'c'}, {"window", required_argument, NULL, 'w'},
        {"rounds", required_argument, NULL, 'r'},      {"lines", required_argument, NULL, 'l'},
        {"rooms", required_argument, NULL, 'm'},       {0},
    };
    int option;

    *options = (struct bench_options){
        .connections = 10000, .window = 200, .rounds = 5, .lines = 5, .rooms = 1000000};
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        char *end = NULL;
        const unsigned long value = optarg != NULL ? strtoul(optarg, &end, 10) : 0;
        if (option == '?' || end == NULL || *end != '\0' || value > 10000000)
            return false;
        switch (option) {
        case 'p':
            options->port = (uint16_t)value;
            break;
        case 'i':
            options->server_pid = (pid_t)value;
            break;
        case 'c':
            options->connections = (unsigned)value;
            break;
        case 'w':
            options->window = (unsigned)value;
            break;
        case 'r':
            options->rounds = (unsigned)value;
            break;
        case 'l':
            options->lines = (unsigned)value;
            break;
        default:
            options->rooms = (unsigned)value;
            break;
        }
    }
    return options->port != 0 && options->connections > 0 &&
           options->connections <= BENCH_CONNECTIONS_MAX && options->window > 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum status (*run)(const struct bench_options *options);
    } modes[] = {{"rooms", bench_rooms}, {"crowd", bench_crowd}, {"relay", bench_relay}};
    struct bench_options options;

    if (!read_options(argc, argv, &options) || optind + 1 != argc) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    raise_descriptor_limit();
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, argv[optind]) != 0)
            continue;
        const enum status status = modes[i].run(&options);
        if (status == STATUS_OK)
            return EXIT_SUCCESS;
        (void)fprintf(stderr, "manycast-rooms: %s\n", status_text(status));
        return EXIT_FAILED;
    }
    (void)fputs(usage, stderr);
    return EXIT_USAGE;
}
