/* signaling/access.h - may the bearer of this token publish in, watch or administer this room?
 * (docs/access.md). A token is one of the keys of the settings (auth.publish_key, auth.watch_key,
 * auth.admin_key) or a signed JWT (auth.jwt_secret, auth.jwt_public_keys). A right for which no
 * credential is set is everybody's, but for administering. Tokens are never logged. Thread: main.
 */
#ifndef SIGNALING_ACCESS_H
#define SIGNALING_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "signaling/config.h"
#include "signaling/name.h"

enum { ACCESS_TOKEN_BYTES_MAX = 4096, ACCESS_SUBJECT_BYTES_MAX = 127 };

/* Each includes those before it. */
enum access_right {
    ACCESS_WATCH,
    ACCESS_PUBLISH,
    ACCESS_ADMINISTER,
};

struct access_answer {
    /* STATUS_OK. STATUS_NOT_FOUND: a credential is needed and none was shown (401).
     * STATUS_DENIED: what was shown does not allow it, or nothing would (403). */
    enum status status;
    const char *why; /* a sentence for a person, static; "" when allowed */
    /* Who it is, for the rule that only the same credential takes a live stream over: equal for
     * tokens of one `sub` and for all keys, also after they were changed. 0: nobody in particular.
     */
    uint64_t credential;
    char name[NAME_BYTES_MAX + 1];              /* the token's `name`; "": none */
    char subject[ACCESS_SUBJECT_BYTES_MAX + 1]; /* its `sub`; "": none, or too long */
};

struct access;

/* config is borrowed and read at each question, so a reload changes the answers. STATUS_MALFORMED,
 * STATUS_NOT_FOUND (logged): auth.jwt_public_keys cannot be read. */
MUST_CHECK enum status access_create(const struct config *config, struct access **access);
void access_destroy(struct access *access); /* NULL is allowed */
/* Reads auth.jwt_public_keys again; when it cannot be read the keys stay, and an error is logged.
 */
void access_reload(struct access *access);

/* token NULL or "": none was shown. room NULL: the whole server. now_s is the time since the epoch.
 */
void access_ask(const struct access *access, enum access_right right, const char *room,
                const char *token, int64_t now_s, struct access_answer *answer);
/* Whether that right takes a credential. */
bool access_is_guarded(const struct config *config, enum access_right right);
/* What who starts the server is told: one line, static. */
const char *access_describe(const struct config *config);

/* May the bearer of token read /metrics? Everybody may without auth.metrics_key; else
 * STATUS_NOT_FOUND for whoever does not show it. */
void access_ask_metrics(const struct config *config, const char *token,
                        struct access_answer *answer);

#endif
