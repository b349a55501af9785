/* signaling/setting.h - one setting of the program: its key, kind, default and range, and how a
 * text becomes its value. The table of all settings is settings.h's. Pure; thread: main, at start.
 */
#ifndef SIGNALING_SETTING_H
#define SIGNALING_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "signaling/config.h"

enum { SETTING_NAME_BYTES_MAX = 64 };

/* How a setting's text becomes a value. */
enum setting_kind {
    SETTING_TEXT,
    SETTING_SECRET, /* a text that is never printed */
    SETTING_YES_NO,
    SETTING_DOOR,    /* open (true) or closed */
    SETTING_NUMBER,  /* unsigned */
    SETTING_PORT,    /* uint16_t */
    SETTING_SECONDS, /* int64_t nanoseconds */
    SETTING_MILLISECONDS,
    SETTING_KILOBITS, /* uint32_t bit/s */
    SETTING_PORTS,    /* "7100-7199": two uint16_t in a row */
    SETTING_ANNOUNCE,
    SETTING_NETWORKS, /* struct networks */
    SETTING_SEND,
    SETTING_LEVEL,
    SETTING_LOG_FORMAT,
};

struct setting {
    const char *key; /* section.name */
    enum setting_kind kind;
    size_t offset; /* into struct config */
    const char *fallback;
    long least;
    long most;
    const char *help;
};

/* Stores text in config; else error (CONFIG_ERROR_BYTES_MAX) says why not. source names where the
 * text came from. A secret is never repeated. STATUS_MALFORMED. */
MUST_CHECK enum status setting_apply(const struct setting *setting, const char *text,
                                     const char *source, struct config *config, char *error);
/* Whether the setting has the same value in both. */
bool setting_is_equal(const struct setting *setting, const struct config *one,
                      const struct config *other);
void setting_copy(const struct setting *setting, const struct config *from, struct config *to);
/* "http.port" -> "MANYCAST_HTTP_PORT". */
void setting_environment_name(const char *key, char out[SETTING_NAME_BYTES_MAX]);
/* "auth.publish_key" -> "--auth-publish-key". */
void setting_flag_name(const char *key, char out[SETTING_NAME_BYTES_MAX]);

#endif
