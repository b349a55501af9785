#include "signaling/config.h"

#include <glib.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "signaling/hooks.h"
#include "signaling/ice_servers.h"
#include "signaling/jwt.h"
#include "signaling/origin.h"
#include "signaling/settings.h"

static enum status read_file_section(GKeyFile *file, const char *section, const char *path,
                                     struct config *config, char *error)
{
    gchar **names = g_key_file_get_keys(file, section, NULL, NULL);
    enum status status = STATUS_OK;

    for (gsize i = 0; names != NULL && names[i] != NULL && status == STATUS_OK; i++) {
        char key[2 * SETTING_NAME_BYTES_MAX];
        const struct setting *setting;
        gchar *text = g_key_file_get_value(file, section, names[i], NULL);

        (void)snprintf(key, sizeof key, "%.60s.%.60s", section, names[i]);
        setting = settings_find(key);
        if (setting == NULL) {
            (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "%s: unknown setting %s", path, key);
            status = STATUS_NOT_FOUND;
        } else {
            status = setting_apply(setting, text != NULL ? text : "", path, config, error);
        }
        g_free(text);
    }
    g_strfreev(names);
    return status;
}

static enum status read_file(const char *path, struct config *config, char *error)
{
    GKeyFile *file = g_key_file_new();
    GError *problem = NULL;
    enum status status = STATUS_OK;
    gchar **sections;

    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem)) {
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "%s: %s", path, problem->message);
        g_error_free(problem);
        g_key_file_free(file);
        return STATUS_NOT_FOUND;
    }
    sections = g_key_file_get_groups(file, NULL);
    for (gsize i = 0; sections[i] != NULL && status == STATUS_OK; i++)
        status = read_file_section(file, sections[i], path, config, error);
    g_strfreev(sections);
    g_key_file_free(file);
    return status;
}

/* Unknown MANYCAST_ names are refused: a misspelt one would otherwise be silently without effect.
 */
static enum status check_environment_names(char *error)
{
    gchar **names = g_listenv();
    enum status status = STATUS_OK;

    for (gsize i = 0; names[i] != NULL && status == STATUS_OK; i++) {
        bool known = !g_str_has_prefix(names[i], "MANYCAST_");

        for (size_t k = 0; k < settings_count && !known; k++) {
            char name[SETTING_NAME_BYTES_MAX];

            setting_environment_name(settings[k].key, name);
            known = strcmp(name, names[i]) == 0;
        }
        if (!known) {
            (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "environment: unknown setting %.100s",
                           names[i]);
            status = STATUS_NOT_FOUND;
        }
    }
    g_strfreev(names);
    return status;
}

static enum status read_environment(struct config *config, char *error)
{
    enum status status = check_environment_names(error);

    for (size_t i = 0; i < settings_count && status == STATUS_OK; i++) {
        char name[SETTING_NAME_BYTES_MAX];
        const char *text;

        setting_environment_name(settings[i].key, name);
        text = g_getenv(name);
        if (text != NULL)
            status = setting_apply(&settings[i], text, name, config, error);
    }
    return status;
}

/* What the flags say beside settings. */
struct command_line {
    const char *file; /* --config, or NULL */
    enum config_action action;
};

static bool read_action(const char *argument, enum config_action *action)
{
    static const struct {
        const char *flag;
        enum config_action action;
    } ACTIONS[] = {
        {"--help", CONFIG_HELP},           {"-h", CONFIG_HELP},
        {"--version", CONFIG_VERSION},     {"--check-config", CONFIG_CHECK},
        {"--doctor", CONFIG_DOCTOR},       {"--health", CONFIG_HEALTH},
        {"--reference", CONFIG_REFERENCE}, {"--routes", CONFIG_ROUTES},
    };

    for (size_t i = 0; i < sizeof ACTIONS / sizeof ACTIONS[0]; i++) {
        if (strcmp(argument, ACTIONS[i].flag) == 0) {
            *action = ACTIONS[i].action;
            return true;
        }
    }
    return false;
}

/* Reads one argument; *i moves on over a value that stands apart. config NULL: only --config and
 * the actions. */
static enum status read_argument(int argc, char **argv, int *i, struct command_line *line,
                                 struct config *config, char *error)
{
    const char *argument = argv[*i];
    const size_t name_bytes = strcspn(argument, "=");
    const char *value = argument[name_bytes] == '=' ? argument + name_bytes + 1 : NULL;
    const bool is_file =
        name_bytes == strlen("--config") && strncmp(argument, "--config", name_bytes) == 0;
    const struct setting *setting = settings_find_flag(argument, name_bytes);

    if (read_action(argument, &line->action))
        return STATUS_OK;
    if (setting == NULL && !is_file) {
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "unknown flag %.100s (see --help)", argument);
        return STATUS_NOT_FOUND;
    }
    if (value == NULL && *i + 1 < argc)
        value = argv[++*i];
    if (value == NULL) {
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "%.100s needs a value", argument);
        return STATUS_SHORT;
    }
    if (is_file) {
        line->file = value;
        return STATUS_OK;
    }
    return config == NULL
               ? STATUS_OK
               : setting_apply(setting, value, argument[name_bytes] == '=' ? "flag" : argument,
                               config, error);
}

static enum status read_flags(int argc, char **argv, struct command_line *line,
                              struct config *config, char *error)
{
    enum status status = STATUS_OK;

    for (int i = 1; i < argc && status == STATUS_OK; i++)
        status = read_argument(argc, argv, &i, line, config, error);
    return status;
}

static enum status check_tokens(const struct config *config, char *error)
{
    const size_t secret_bytes = strlen(config->auth_jwt_secret);
    struct jwt_keys *keys;

    if (secret_bytes > 0 && secret_bytes < JWT_SECRET_BYTES_MIN) {
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "auth.jwt_secret must be %d bytes or longer",
                       JWT_SECRET_BYTES_MIN);
        return STATUS_MALFORMED;
    }
    if (config->auth_jwt_public_keys[0] == '\0')
        return STATUS_OK;
    if (jwt_keys_read(config->auth_jwt_public_keys, &keys) != STATUS_OK) {
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX,
                       "auth.jwt_public_keys: %.100s is not a readable PEM file of RSA (2048 bits "
                       "or more) or P-256 public keys alone",
                       config->auth_jwt_public_keys);
        return STATUS_MALFORMED;
    }
    jwt_keys_destroy(keys);
    return STATUS_OK;
}

static enum status check_hooks(const struct config *config, char *error)
{
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        const char *url = config->hooks_url[hook];

        if (url[0] != '\0' && !hooks_url_is_valid(url)) {
            (void)snprintf(error, CONFIG_ERROR_BYTES_MAX,
                           "hooks.%s must be an address that begins with http:// or https://",
                           hooks_name(hook));
            return STATUS_MALFORMED;
        }
    }
    return STATUS_OK;
}

static enum status check_lists(const struct config *config, char *error)
{
    if (!origin_list_is_valid(config->http_origins)) {
        (void)snprintf(
            error, CONFIG_ERROR_BYTES_MAX,
            "http.origins must be * or a list like https://a.example,http://b.example:81 "
            "without paths, not \"%.64s\"",
            config->http_origins);
        return STATUS_MALFORMED;
    }
    if (!ice_servers_are_valid(config)) {
        (void)snprintf(
            error, CONFIG_ERROR_BYTES_MAX,
            "ice.servers must be a list like stun:a.example:3478,turn:a.example:3478, and "
            "turn takes ice.username and ice.credential or ice.secret, not \"%.64s\"",
            config->ice_servers);
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static enum status check_together(const struct config *config, char *error)
{
    if ((config->http_certificate[0] == '\0') != (config->http_key[0] == '\0')) {
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX,
                       "http.cert and http.key go together: one of them is missing");
        return STATUS_MALFORMED;
    }
    if (config->media.data_limits.queue_bytes_max < config->media.data_limits.message_bytes_max) {
        (void)snprintf(error, CONFIG_ERROR_BYTES_MAX,
                       "data.queue_bytes is less than data.message_bytes: no viewer could be sent "
                       "the longest message");
        return STATUS_MALFORMED;
    }
    enum status status = check_lists(config, error);
    if (status == STATUS_OK)
        status = check_hooks(config, error);
    return status == STATUS_OK ? check_tokens(config, error) : status;
}

enum status config_read(int argc, char **argv, struct config *config, enum config_action *action,
                        char *error)
{
    struct command_line line = {.file = NULL, .action = CONFIG_RUN};
    struct config *read = calloc(1, sizeof *read);
    enum status status = read != NULL ? STATUS_OK : STATUS_NO_MEMORY;

    (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "out of memory");
    for (size_t i = 0; i < settings_count && status == STATUS_OK; i++)
        status = setting_apply(&settings[i], settings[i].fallback, "default", read, error);
    if (status == STATUS_OK)
        status = read_flags(argc, argv, &line, NULL, error);
    if (status == STATUS_OK && line.file != NULL)
        status = read_file(line.file, read, error);
    if (status == STATUS_OK)
        status = read_environment(read, error);
    if (status == STATUS_OK)
        status = read_flags(argc, argv, &line, read, error);
    if (status == STATUS_OK)
        status = check_together(read, error);
    if (status == STATUS_OK) {
        *config = *read;
        *action = line.action;
    }
    free(read);
    return status;
}

enum status config_reload(int argc, char **argv, struct config *config, char *error)
{
    struct config *fresh = calloc(1, sizeof *fresh);
    enum config_action action;
    enum status status = fresh != NULL ? STATUS_OK : STATUS_NO_MEMORY;

    (void)snprintf(error, CONFIG_ERROR_BYTES_MAX, "out of memory");
    if (status == STATUS_OK)
        status = config_read(argc, argv, fresh, &action, error);
    for (size_t i = 0; i < settings_count && status == STATUS_OK; i++) {
        const struct setting *setting = &settings[i];

        if (setting_is_equal(setting, config, fresh))
            continue;
        if (settings_is_fixed(setting)) {
            LOG_WARNING("config", "%s changes only at the next start", setting->key);
        } else {
            setting_copy(setting, fresh, config);
            LOG_INFO("config", "%s changed", setting->key);
        }
    }
    free(fresh);
    return status;
}
