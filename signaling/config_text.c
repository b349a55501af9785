#include <stdio.h>

#include "signaling/config.h"
#include "signaling/settings.h"

void config_print_help(void)
{
    (void)printf(
        "manycast - one-to-many live streaming\n\n"
        "usage: manycast [--config FILE] [--SECTION-NAME VALUE]...\n"
        "       manycast --check-config | --doctor | --health | --reference | --routes | --help | "
        "--version\n\n"
        "--check-config says whether it would start, --doctor what could be better, "
        "--health whether one runs,\n"
        "--reference prints docs/configure.md, --routes the HTTP routes. SIGTERM drains, SIGHUP "
        "reads the settings "
        "again.\n\n"
        "Each setting has three forms: a flag, an environment variable, and a line of the "
        "INI file that\n"
        "--config names. Flags win over the environment, the environment over the file, "
        "the file over defaults.\n\n");
    for (size_t i = 0; i < settings_count; i++) {
        char flag[SETTING_NAME_BYTES_MAX];
        char variable[SETTING_NAME_BYTES_MAX];

        setting_flag_name(settings[i].key, flag);
        setting_environment_name(settings[i].key, variable);
        (void)printf("  %-32s %s\n    %s, %s; default: %s\n", flag, settings[i].help,
                     settings[i].key, variable,
                     settings[i].fallback[0] != '\0' ? settings[i].fallback : "empty");
    }
    (void)printf("\nExit status: 0 after SIGTERM or SIGINT, 2 when it cannot start, with one line "
                 "that says why.\n");
}

/* Text of a table's cell, where a bar would begin the next one. */
static void print_cell(const char *text)
{
    for (; *text != '\0'; text++)
        (void)printf(*text == '|' ? "\\|" : "%c", *text);
}

void config_print_reference(void)
{
    (void)printf(
        "# Configure 配置\n\n"
        "Every setting has three forms: a line of the INI file that `--config` names, an "
        "environment "
        "variable, and a flag. Flags win over the\nenvironment, the environment over the file, the "
        "file over the default. An unknown name or a bad value ends the start with one line and "
        "status 2.\n\n"
        "每个设置有三种写法：配置文件中的一行、环境变量、命令行参数；命令行优先于环境变量，环境变量"
        "优先于"
        "配置文件。\n\n"
        "`http.port` is `[http]` and `port = 8080` in the file, `MANYCAST_HTTP_PORT=8080` in the "
        "environment, `--http-port 8080` as a flag.\n\n"
        "SIGHUP reads the file again. What is marked *start* below changes only at the next start; "
        "the rest at once, and no session notices.\nThe certificate is read again too; one that "
        "cannot be used leaves the old one in place, and an error in the log.\n\n"
        "This page is printed by `manycast --reference`; a test keeps it true.\n\n"
        "| setting | default | changes at | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings[i];

        (void)printf("| `%s` | %s%s%s | %s | ", setting->key,
                     setting->fallback[0] != '\0' ? "`" : "", setting->fallback,
                     setting->fallback[0] != '\0' ? "`" : "",
                     settings_is_fixed(setting) ? "start" : "SIGHUP");
        print_cell(setting->help);
        (void)printf(" |\n");
    }
}
