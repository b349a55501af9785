/* signaling/hook_body.h - what the operator's hooks are sent (docs/hooks.md): JSON, the fields of
 * SRS and ours. Pure; thread: main. */
#ifndef SIGNALING_HOOK_BODY_H
#define SIGNALING_HOOK_BODY_H

#include "signaling/hooks.h"

/* Of on_publish and on_play; visitor is borrowed. NULL: out of memory; else for free(). */
char *hook_body_of_beginning(enum hook hook, const char *server_id,
                             const struct hooks_visitor *visitor);
/* Of on_unpublish and on_stop: the fields of the beginning, with another action and how it ended, a
 * short code. NULL: out of memory; else for free(). */
char *hook_body_of_end(enum hook hook, const char *beginning, const char *reason);

#endif
