#include "signaling/setting.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/mono.h"

static bool read_number(const char *text, long least, long most, long *value)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < least || number > most)
        return false;
    *value = number;
    return true;
}

static bool read_yes_no(const char *text, bool *value)
{
    static const char *const YES[] = {"yes", "true", "on", "1"};
    static const char *const NO[] = {"no", "false", "off", "0"};

    for (size_t i = 0; i < sizeof YES / sizeof YES[0]; i++) {
        if (strcasecmp(text, YES[i]) == 0 || strcasecmp(text, NO[i]) == 0) {
            *value = strcasecmp(text, YES[i]) == 0;
            return true;
        }
    }
    return false;
}

/* "7100-7199". */
static bool read_ports(const char *text, uint16_t ports[2])
{
    char first[8];
    const size_t bytes = strcspn(text, "-");
    long low;
    long high;

    if (bytes == 0 || bytes >= sizeof first || text[bytes] != '-')
        return false;
    memcpy(first, text, bytes);
    first[bytes] = '\0';
    if (!read_number(first, 1, 65535, &low) || !read_number(text + bytes + 1, low, 65535, &high))
        return false;
    ports[0] = (uint16_t)low;
    ports[1] = (uint16_t)high;
    return true;
}

/* One of: 203.0.113.5 · 203.0.113.5:7000 · 2001:db8::5 · [2001:db8::5]:7000. text is changed. */
static bool read_announced(char *text, struct media_announce *announce)
{
    char *port = NULL;
    long number = 0;

    if (text[0] == '[') {
        port = strchr(text, ']');
        if (port == NULL)
            return false;
        *port++ = '\0';
        text++;
        port = *port == ':' ? port + 1 : *port == '\0' ? NULL : port;
    } else if (strchr(text, ':') != NULL && strchr(text, ':') == strrchr(text, ':')) {
        port = strchr(text, ':');
        *port++ = '\0';
    }
    if (port != NULL && !read_number(port, 1, 65535, &number))
        return false;
    if (strlen(text) >= sizeof announce->address || !g_hostname_is_ip_address(text))
        return false;
    memset(announce, 0, sizeof *announce);
    memcpy(announce->address, text, strlen(text));
    announce->port = (uint16_t)number;
    return true;
}

static bool read_announce_list(const char *text, struct media_settings *media)
{
    char copy[CONFIG_TEXT_BYTES_MAX];
    char *rest = copy;
    char *word;

    if (strlen(text) >= sizeof copy)
        return false;
    memcpy(copy, text, strlen(text) + 1);
    media->announce_count = 0;
    while ((word = strtok_r(rest, " ,", &rest)) != NULL) {
        if (media->announce_count == MEDIA_ANNOUNCE_MAX ||
            !read_announced(word, &media->announce[media->announce_count]))
            return false;
        media->announce_count++;
    }
    return true;
}

static bool read_choice(const char *text, const char *const *choices, unsigned *value)
{
    for (unsigned i = 0; choices[i] != NULL; i++) {
        if (strcasecmp(text, choices[i]) == 0) {
            *value = i;
            return true;
        }
    }
    return false;
}

static bool store_text(const char *text, char *out)
{
    if (strlen(text) >= CONFIG_TEXT_BYTES_MAX || strpbrk(text, "\r\n") != NULL)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

/* Scales a number into an int64_t. */
static bool store_time(const struct setting *setting, const char *text, int64_t unit_ns,
                       int64_t *out)
{
    long number;

    if (!read_number(text, setting->least, setting->most, &number))
        return false;
    *out = number * unit_ns;
    return true;
}

static bool store(const struct setting *setting, const char *text, struct config *config)
{
    static const char *const SENDS[] = {"gso", "mmsg", "plain", NULL};
    static const char *const FORMATS[] = {"text", "json", NULL};
    static const char *const DOORS[] = {"closed", "open", NULL};
    static const char *const LEVELS[] = {"error", "warning", "info", "debug", NULL};
    void *field = (char *)config + setting->offset;
    unsigned choice;
    long number;

    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return store_text(text, field);
    case SETTING_YES_NO:
        return read_yes_no(text, field);
    case SETTING_DOOR:
        if (!read_choice(text, DOORS, &choice))
            return false;
        *(bool *)field = choice == 1;
        return true;
    case SETTING_SECONDS:
        return store_time(setting, text, MONO_SECOND, field);
    case SETTING_MILLISECONDS:
        return store_time(setting, text, MONO_MS, field);
    case SETTING_PORTS:
        return read_ports(text, field);
    case SETTING_ANNOUNCE:
        return read_announce_list(text, &config->media);
    case SETTING_NETWORKS:
        return networks_read(text, field) == STATUS_OK;
    case SETTING_SEND:
        if (!read_choice(text, SENDS, &choice))
            return false;
        *(enum media_send *)field = (enum media_send)choice;
        return true;
    case SETTING_LEVEL:
        if (!read_choice(text, LEVELS, &choice))
            return false;
        *(enum log_level *)field = (enum log_level)choice;
        return true;
    case SETTING_LOG_FORMAT:
        if (!read_choice(text, FORMATS, &choice))
            return false;
        *(enum journal_format *)field = (enum journal_format)choice;
        return true;
    case SETTING_NUMBER:
    case SETTING_PORT:
    case SETTING_KILOBITS:
        break;
    }
    if (!read_number(text, setting->least, setting->most, &number))
        return false;
    if (setting->kind == SETTING_PORT)
        *(uint16_t *)field = (uint16_t)number;
    else if (setting->kind == SETTING_KILOBITS)
        *(uint32_t *)field = (uint32_t)number * 1000u;
    else
        *(unsigned *)field = (unsigned)number;
    return true;
}

/* What a value may be, for people. */
static void describe_range(const struct setting *setting, char *out, size_t room_bytes)
{
    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        (void)snprintf(out, room_bytes, "at most %d bytes on one line", CONFIG_TEXT_BYTES_MAX - 1);
        return;
    case SETTING_YES_NO:
        (void)snprintf(out, room_bytes, "yes or no");
        return;
    case SETTING_DOOR:
        (void)snprintf(out, room_bytes, "open or closed");
        return;
    case SETTING_PORTS:
        (void)snprintf(out, room_bytes, "FIRST-LAST, each 1 to 65535");
        return;
    case SETTING_ANNOUNCE:
        (void)snprintf(out, room_bytes, "at most %d literal addresses, each with an optional port",
                       MEDIA_ANNOUNCE_MAX);
        return;
    case SETTING_NETWORKS:
        (void)snprintf(out, room_bytes, "at most %d addresses or networks like 10.0.0.0/8",
                       NETWORKS_MAX);
        return;
    case SETTING_SEND:
        (void)snprintf(out, room_bytes, "gso, mmsg or plain");
        return;
    case SETTING_LEVEL:
        (void)snprintf(out, room_bytes, "error, warning, info or debug");
        return;
    case SETTING_LOG_FORMAT:
        (void)snprintf(out, room_bytes, "text or json");
        return;
    case SETTING_NUMBER:
    case SETTING_PORT:
    case SETTING_SECONDS:
    case SETTING_MILLISECONDS:
    case SETTING_KILOBITS:
        (void)snprintf(out, room_bytes, "a whole number from %ld to %ld", setting->least,
                       setting->most);
        return;
    }
}

/* Stores text or writes why not: source names where the text came from. */
enum status setting_apply(const struct setting *setting, const char *text, const char *source,
                          struct config *config, char *error)
{
    char range[SETTING_NAME_BYTES_MAX + 32];

    if (store(setting, text, config))
        return STATUS_OK;
    describe_range(setting, range, sizeof range);
    if (setting->kind == SETTING_SECRET)
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "%s: %s must be %s", source, setting->key,
                       range);
    else
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "%s: %s must be %s, not \"%.64s\"", source,
                       setting->key, range, text);
    return STATUS_MALFORMED;
}

static size_t value_bytes(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return CONFIG_TEXT_BYTES_MAX;
    case SETTING_YES_NO:
    case SETTING_DOOR:
        return sizeof(bool);
    case SETTING_SECONDS:
    case SETTING_MILLISECONDS:
        return sizeof(int64_t);
    case SETTING_PORT:
        return sizeof(uint16_t);
    case SETTING_PORTS:
        return 2 * sizeof(uint16_t);
    case SETTING_KILOBITS:
        return sizeof(uint32_t);
    case SETTING_NETWORKS:
        return sizeof(struct networks);
    case SETTING_SEND:
        return sizeof(enum media_send);
    case SETTING_LEVEL:
        return sizeof(enum log_level);
    case SETTING_LOG_FORMAT:
        return sizeof(enum journal_format);
    case SETTING_NUMBER:
        return sizeof(unsigned);
    case SETTING_ANNOUNCE: /* has its own way */
        break;
    }
    return 0;
}

bool setting_is_equal(const struct setting *setting, const struct config *one,
                      const struct config *other)
{
    const char *left = (const char *)one + setting->offset;
    const char *right = (const char *)other + setting->offset;

    if (setting->kind == SETTING_TEXT || setting->kind == SETTING_SECRET)
        return strcmp(left, right) == 0;
    if (setting->kind == SETTING_ANNOUNCE)
        return one->media.announce_count == other->media.announce_count &&
               memcmp(one->media.announce, other->media.announce, sizeof one->media.announce) == 0;
    return memcmp(left, right, value_bytes(setting->kind)) == 0;
}

void setting_copy(const struct setting *setting, const struct config *from, struct config *to)
{
    if (setting->kind == SETTING_ANNOUNCE) {
        to->media.announce_count = from->media.announce_count;
        memcpy(to->media.announce, from->media.announce, sizeof to->media.announce);
        return;
    }
    memcpy((char *)to + setting->offset, (const char *)from + setting->offset,
           value_bytes(setting->kind));
}

/* "http.port" -> "MANYCAST_HTTP_PORT". */
void setting_environment_name(const char *key, char out[SETTING_NAME_BYTES_MAX])
{
    size_t at = (size_t)snprintf(out, SETTING_NAME_BYTES_MAX, "MANYCAST_");

    for (; *key != '\0' && at + 1 < SETTING_NAME_BYTES_MAX; key++)
        out[at++] = *key == '.' ? '_' : g_ascii_toupper(*key);
    out[at] = '\0';
}

/* "auth.publish_key" -> "--auth-publish-key". */
void setting_flag_name(const char *key, char out[SETTING_NAME_BYTES_MAX])
{
    size_t at = (size_t)snprintf(out, SETTING_NAME_BYTES_MAX, "--");

    for (; *key != '\0' && at + 1 < SETTING_NAME_BYTES_MAX; key++)
        out[at++] = *key == '.' || *key == '_' ? '-' : *key;
    out[at] = '\0';
}
