/* signaling/settings.h - the table of all settings. Never changes: any thread. */
#ifndef SIGNALING_SETTINGS_H
#define SIGNALING_SETTINGS_H

#include "signaling/setting.h"

/* In the order of --help and docs/configure.md. */
extern const struct setting settings[];
extern const size_t settings_count;

/* By "section.name"; NULL: there is none. */
const struct setting *settings_find(const char *key);
/* By "--section-name", of which flag_bytes count; NULL: there is none. */
const struct setting *settings_find_flag(const char *flag, size_t flag_bytes);
/* Whether it is read at the start only: SIGHUP leaves it as it is. */
bool settings_is_fixed(const struct setting *setting);

#endif
