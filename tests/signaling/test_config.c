/* What the program makes of its file, environment and flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mono.h"
#include "signaling/config.h"

enum { ARGUMENTS_MAX = 4, PATH_BYTES = 64 };

static enum status read_with(const char *const *flags, struct config *config, char *error)
{
    char name[] = "manycast";
    char copies[ARGUMENTS_MAX][CONFIG_TEXT_BYTES_MAX];
    char *argv[ARGUMENTS_MAX + 2] = {name};
    enum config_action action;
    int argc = 1;

    for (; flags[argc - 1] != NULL; argc++) {
        (void)snprintf(copies[argc - 1], sizeof copies[0], "%s", flags[argc - 1]);
        argv[argc] = copies[argc - 1];
    }
    return config_read(argc, argv, config, &action, error);
}

static void write_file(char path[PATH_BYTES], const char *text)
{
    int fd;

    (void)snprintf(path, PATH_BYTES, "config-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void config_has_the_documented_defaults(void **state)
{
    struct config *config = calloc(1, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX];

    (void)state;
    assert_int_equal(read_with((const char *const[]){NULL}, config, error), STATUS_OK);
    assert_int_equal(config->http_port, 8080);
    assert_int_equal(config->media.media_port, 7000);
    assert_int_equal(config->media.ingest_port_first, 7100);
    assert_int_equal(config->media.ingest_port_last, 7199);
    assert_int_equal(config->media.workers, 0);
    assert_int_equal(config->media.announce_count, 0);
    assert_true(config->room_grace_ns == 30 * MONO_SECOND);
    assert_int_equal(config->guests_max, 4);
    assert_true(config->limits_streams_per_room >= config->guests_max + 2); /* camera, screen */
    assert_int_equal(config->limits_messages_per_second, 200);
    assert_int_equal(config->limits_message_burst, 2000);
    assert_string_equal(config->http_origins, "*");
    free(config);
}

static void config_later_sources_win(void **state)
{
    struct config *config = calloc(1, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX];
    char path[PATH_BYTES];
    char flag[PATH_BYTES + 16];

    (void)state;
    write_file(path, "[http]\nport = 1001\n[media]\nport = 2001\n[room]\ntakeover = no\n");
    (void)snprintf(flag, sizeof flag, "--config=%s", path);
    setenv("MANYCAST_HTTP_PORT", "1002", 1);
    setenv("MANYCAST_MEDIA_PORT", "2002", 1);
    assert_int_equal(
        read_with((const char *const[]){flag, "--http-port=1003", NULL}, config, error), STATUS_OK);
    unsetenv("MANYCAST_HTTP_PORT");
    unsetenv("MANYCAST_MEDIA_PORT");
    unlink(path);
    assert_int_equal(config->http_port, 1003);
    assert_int_equal(config->media.media_port, 2002);
    assert_false(config->room_takeover);
    free(config);
}

static void config_reads_announced_addresses(void **state)
{
    struct config *config = calloc(1, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX];

    (void)state;
    assert_int_equal(
        read_with((const char *const[]){"--media-announce",
                                        "203.0.113.5:7001, 2001:db8::5 [2001:db8::6]:9", NULL},
                  config, error),
        STATUS_OK);
    assert_int_equal(config->media.announce_count, 3);
    assert_string_equal(config->media.announce[0].address, "203.0.113.5");
    assert_int_equal(config->media.announce[0].port, 7001);
    assert_string_equal(config->media.announce[1].address, "2001:db8::5");
    assert_int_equal(config->media.announce[1].port, 0);
    assert_string_equal(config->media.announce[2].address, "2001:db8::6");
    assert_int_equal(config->media.announce[2].port, 9);
    free(config);
}

static void config_refuses_with_one_clear_line(void **state)
{
    static const struct {
        const char *flag;
        const char *says;
    } CASES[] = {
        {"--http-port=65536", "http.port"},
        {"--http-port=", "http.port"},
        {"--http-port=80x", "80x"},
        {"--http-prot=80", "unknown flag"},
        {"--room-takeover=perhaps", "yes or no"},
        {"--ingest-ports=7199-7100", "FIRST-LAST"},
        {"--ingest-ports=7100", "FIRST-LAST"},
        {"--media-announce=example.org", "literal"},
        {"--media-announce=1.2.3.4:0", "literal"},
        {"--media-announce=1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 1.1.1.9",
         "at most 8"},
        {"--http-proxies=localhost", "networks like 10.0.0.0/8"},
        {"--http-proxies=10.0.0.0/33", "networks like 10.0.0.0/8"},
        {"--media-send=fast", "gso"},
        {"--log-level=loud", "debug"},
        {"--http-cert=a.pem", "go together"},
        {"--http-origins=a.example", "http.origins"},
        {"--http-origins=https://a.example/", "without paths"},
        {"--http-origins=https://a.example,*", "http.origins"},
        {"--http-origins=https://", "http.origins"},
        {"--ice-servers=stun.example:3478", "stun:a.example:3478"},
        {"--ice-servers=stun:a.example,https://b.example", "ice.servers"},
        {"--ice-servers=stun://a.example", "ice.servers"},
        {"--ice-servers=turn:a.example", "ice.credential"},
        {"--data-queue-bytes=16384", "less than data.message_bytes"},
        {"--config=no-such-file.conf", "no-such-file.conf"},
        {"--http-port", "needs a value"},
        {"extra", "unknown flag"},
    };
    struct config *config = calloc(1, sizeof *config);

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char error[CONFIG_ERROR_BYTES_MAX] = "";

        assert_int_not_equal(read_with((const char *const[]){CASES[i].flag, NULL}, config, error),
                             STATUS_OK);
        if (strstr(error, CASES[i].says) == NULL)
            fail_msg("%s: said \"%s\"", CASES[i].flag, error);
        assert_null(strchr(error, '\n'));
    }
    free(config);
}

static void config_refuses_unknown_names_from_file_and_environment(void **state)
{
    struct config *config = calloc(1, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX];
    char path[PATH_BYTES];
    char flag[PATH_BYTES + 16];

    (void)state;
    write_file(path, "[http]\nprot = 1001\n");
    (void)snprintf(flag, sizeof flag, "--config=%s", path);
    assert_int_not_equal(read_with((const char *const[]){flag, NULL}, config, error), STATUS_OK);
    assert_non_null(strstr(error, "http.prot"));
    unlink(path);
    setenv("MANYCAST_HTTP_PROT", "1", 1);
    assert_int_not_equal(read_with((const char *const[]){NULL}, config, error), STATUS_OK);
    assert_non_null(strstr(error, "MANYCAST_HTTP_PROT"));
    unsetenv("MANYCAST_HTTP_PROT");
    free(config);
}

static void config_never_repeats_a_secret(void **state)
{
    struct config *config = calloc(1, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX];
    char long_key[CONFIG_TEXT_BYTES_MAX + 64];
    char *argv[] = {long_key, long_key, NULL};
    enum config_action action;

    (void)state;
    memset(long_key, 's', sizeof long_key);
    memcpy(long_key, "--auth-publish-key=", strlen("--auth-publish-key="));
    long_key[sizeof long_key - 1] = '\0';
    assert_int_not_equal(config_read(2, argv, config, &action, error), STATUS_OK);
    assert_null(strstr(error, "ssss"));
    free(config);
}

/* The example shows every setting once, with its default: uncommented it changes nothing. */
static void config_example_file_is_the_table(void **state)
{
    static const char EXAMPLE[] = "deploy/manycast.conf";
    struct config *config = calloc(2, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX] = "";
    char line[1024];
    char text[16384] = "";
    char path[PATH_BYTES];
    char flag[PATH_BYTES + 16];
    FILE *file;

    (void)state;
    file = fopen(EXAMPLE, "r"); /* ctest runs tests from the root */
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const bool is_setting = line[0] == '#' && line[1] != ' ' && strchr(line, '=') != NULL;

        (void)strncat(text, is_setting ? line + 1 : line, sizeof text - strlen(text) - 1);
    }
    (void)fclose(file);
    write_file(path, text);
    (void)snprintf(flag, sizeof flag, "--config=%s", path);
    assert_int_equal(read_with((const char *const[]){NULL}, &config[0], error), STATUS_OK);
    if (read_with((const char *const[]){flag, NULL}, &config[1], error) != STATUS_OK)
        fail_msg("%s", error);
    unlink(path);
    assert_memory_equal(&config[0], &config[1], sizeof config[0]);
    free(config);
}

static void config_reload_changes_what_may_change_while_it_runs(void **state)
{
    struct config *config = calloc(1, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX];
    char name[] = "manycast";
    char path[PATH_BYTES];
    char flag[PATH_BYTES + 16];
    char key_flag[] = "--auth-admin-key=boss";
    char *argv[] = {name, flag, key_flag, NULL};
    enum config_action action;
    FILE *file;

    (void)state;
    write_file(path, "[media]\nport = 2001\n[auth]\npublish_key = old\n");
    (void)snprintf(flag, sizeof flag, "--config=%s", path);
    assert_int_equal(config_read(3, argv, config, &action, error), STATUS_OK);
    file = fopen(path, "w");
    (void)fputs("[media]\nport = 2002\nannounce = 203.0.113.5\n[auth]\npublish_key = new\n"
                "admin_key = lost\n[limits]\nrooms = 7\n[log]\nlevel = debug\n",
                file);
    (void)fclose(file);
    assert_int_equal(config_reload(3, argv, config, error), STATUS_OK);
    assert_string_equal(config->auth_publish_key, "new");
    assert_string_equal(config->auth_admin_key, "boss"); /* flags still win */
    assert_int_equal(config->limits_rooms, 7);
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->media.media_port, 2001); /* only at a start */
    assert_int_equal(config->media.announce_count, 0);

    file = fopen(path, "w");
    (void)fputs("[auth]\npublish_key = newest\n[limits]\nrooms = many\n", file);
    (void)fclose(file);
    assert_int_not_equal(config_reload(3, argv, config, error), STATUS_OK);
    assert_non_null(strstr(error, "limits.rooms"));
    assert_string_equal(config->auth_publish_key, "new"); /* all or nothing */
    assert_int_equal(config->limits_rooms, 7);
    unlink(path);
    free(config);
}

static void config_refuses_token_keys_that_are_no_good(void **state)
{
    static const char *const cases[][2] = {
        {"--auth-jwt-secret=0123456789abcdef0123456789abcde", NULL}, /* 31 bytes */
        {"--auth-jwt-public-keys=/nowhere.pem", NULL},
        {"--auth-jwt-skew-seconds=-1", NULL},
    };
    struct config *config = calloc(1, sizeof *config);
    char error[CONFIG_ERROR_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_not_equal(read_with(cases[i], config, error), STATUS_OK);
        assert_non_null(strstr(error, "auth.jwt_"));
        assert_null(strstr(error, "0123456789")); /* a secret is never repeated */
    }
    free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_refuses_token_keys_that_are_no_good),
        cmocka_unit_test(config_has_the_documented_defaults),
        cmocka_unit_test(config_later_sources_win),
        cmocka_unit_test(config_reads_announced_addresses),
        cmocka_unit_test(config_refuses_with_one_clear_line),
        cmocka_unit_test(config_refuses_unknown_names_from_file_and_environment),
        cmocka_unit_test(config_never_repeats_a_secret),
        cmocka_unit_test(config_example_file_is_the_table),
        cmocka_unit_test(config_reload_changes_what_may_change_while_it_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
