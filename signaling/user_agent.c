#include "signaling/user_agent.h"

#include <stdio.h>
#include <string.h>

enum { VERSION_MAX = 9999 };

/* First match wins: who claims to be another one besides comes before it. */
static const struct {
    const char *mark; /* a version follows */
    const char *name;
} KNOWN[] = {
    {"", ""}, /* nobody: number 0 */
    {"MicroMessenger/", "WeChat"},
    {"OBS-Studio/", "OBS"},
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"}, /* HeadlessChrome/ too */
    {"Version/", "Safari"},
    {"Lavf/", "FFmpeg"},
    {"GStreamer", "GStreamer"},
    {"manycast-load/", "manycast-load"},
};

static uint16_t read_version(const char *at)
{
    unsigned version = 0;

    at += strcspn(at, "0123456789 ;)");
    for (; at[0] >= '0' && at[0] <= '9' && version <= VERSION_MAX; at++)
        version = 10 * version + (unsigned)(at[0] - '0');
    return version <= VERSION_MAX ? (uint16_t)version : 0;
}

struct user_agent user_agent_read(const char *header)
{
    for (size_t i = 1; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        const char *found = strstr(header, KNOWN[i].mark);

        if (found != NULL)
            return (struct user_agent){.version = read_version(found + strlen(KNOWN[i].mark)),
                                       .name = (uint8_t)i};
    }
    return (struct user_agent){0};
}

void user_agent_write(struct user_agent agent, char text[USER_AGENT_TEXT_BYTES])
{
    if (agent.version > 0)
        (void)snprintf(text, USER_AGENT_TEXT_BYTES, "%s %u", KNOWN[agent.name].name, agent.version);
    else
        (void)snprintf(text, USER_AGENT_TEXT_BYTES, "%s", KNOWN[agent.name].name);
}
