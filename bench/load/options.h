/* bench/load/options.h - the command line of manycast-load. */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *url;   /* of the WHEP endpoint */
    const char *token; /* NULL: none */
    unsigned viewers;
    unsigned rooms;      /* 1: that of url; more: url-0, url-1 ... in turn */
    unsigned ramp;       /* joins a second */
    unsigned duration_s; /* measured, after all have joined */
    unsigned stay_s;     /* with media, then a viewer leaves; 0: to the end */
    unsigned sample;     /* one viewer in so many decrypts what it gets */
    int suite;           /* enum srtp_suite, -1: whichever the server prefers */
    int server_pid;      /* 0: not watched */
    bool tcp;
    bool plain; /* receivers without UDP_GRO */
    bool json;
};

/* Fills options; texts point into memory that lives as long as the process. Says on stderr what is
 * wrong and returns false; --help prints and exits. */
bool options_read(int *argc, char ***argv, struct options *options);

#endif
