#include "signaling/content_coding.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char white_space[] = " \t";

/* ";q=0", with any number of zeros behind the point, is a refusal. */
static bool is_refused(const char *weight, size_t weight_bytes)
{
    const char *at = memchr(weight, '=', weight_bytes);
    const char *end = weight + weight_bytes;

    if (at == NULL)
        return false;
    for (at++; at < end; at++)
        if (*at >= '1' && *at <= '9')
            return false;
    return true;
}

bool content_coding_takes_gzip(const char *accept_encoding)
{
    static const char gzip[] = "gzip";
    const size_t gzip_bytes = sizeof gzip - 1;

    for (const char *at = accept_encoding; *at != '\0'; at += *at == ',') {
        at += strspn(at, white_space);
        const size_t member_bytes = strcspn(at, ",");
        const size_t coding_bytes = strcspn(at, " \t;,");
        if (coding_bytes == gzip_bytes && strncasecmp(at, gzip, gzip_bytes) == 0)
            return !is_refused(at + coding_bytes, member_bytes - coding_bytes);
        at += member_bytes;
    }
    return false;
}
