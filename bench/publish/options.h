/* bench/publish/options.h - the command line of manycast-publish. */
#ifndef BENCH_PUBLISH_OPTIONS_H
#define BENCH_PUBLISH_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *url;   /* of the WHIP endpoint */
    const char *token; /* NULL: none */
    unsigned width;
    unsigned height;
    unsigned fps;
    unsigned kbps;
    unsigned gop;        /* frames from key frame to key frame; 0: only when asked */
    unsigned duration_s; /* 0: until told to stop */
    double loss_percent;
    bool ignore_pli;
    bool recorded; /* one group of pictures is encoded first and sent over and over */
    bool audio;
    bool video;
    bool verbose;
};

/* Fills options; texts point into memory that lives as long as the process. Says on stderr what is
 * wrong and returns false; --help prints and exits. */
bool options_read(int *argc, char ***argv, struct options *options);

#endif
