/* transport/descriptors.h - keeps some of the process's file descriptors free. GLib ends the
 * process when it finds none, so who opens one on behalf of a stranger takes it here first, and
 * turns the stranger away when it cannot have it. What was taken is found to be free again when
 * they are counted the next time. Any thread, but for descriptors_count. */
#ifndef TRANSPORT_DESCRIPTORS_H
#define TRANSPORT_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether so many more may be opened; they count as open from here on. Always, before the first
 * descriptors_count. */
bool descriptors_take(unsigned wanted);
/* Main, ten times a second or so: counts those that are open when it is time for that. */
void descriptors_count(int64_t now_ns);

#endif
