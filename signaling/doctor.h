/* signaling/doctor.h - looks at the machine and the settings as an operator would: what will be
 * slow, unreachable or refused, and what to do about it. Opens and closes sockets, changes nothing.
 * Thread: main. */
#ifndef SIGNALING_DOCTOR_H
#define SIGNALING_DOCTOR_H

#include <stdbool.h>

#include "signaling/config.h"

enum { DOCTOR_FINDINGS_MAX = 16, DOCTOR_TEXT_BYTES_MAX = 256 };

enum doctor_level {
    DOCTOR_FINE,
    DOCTOR_ADVICE, /* works, and could be better */
    DOCTOR_TROUBLE /* somebody will not be served */
};

struct doctor_finding {
    enum doctor_level level;
    const char *about;                /* static */
    char text[DOCTOR_TEXT_BYTES_MAX]; /* what is found; unless fine, also what to do */
};

struct doctor_report {
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    unsigned count;
};

/* with_ports: also whether the ports are free, which they are not while a server runs. config is
 * borrowed. */
void doctor_examine(const struct config *config, bool with_ports, struct doctor_report *report);
/* One line a finding on standard output; returns the process's exit status: 1 with trouble. */
int doctor_print(const struct doctor_report *report);
/* What is not fine, to the log. */
void doctor_log(const struct doctor_report *report);

#endif
