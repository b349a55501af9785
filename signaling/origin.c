#include "signaling/origin.h"

#include <string.h>
#include <strings.h>

static const char *const SEPARATORS = " ,\t";

bool origin_is_any(const char *origins)
{
    return strcmp(origins, "*") == 0;
}

bool origin_is_allowed(const char *origins, const char *origin)
{
    const size_t origin_bytes = strlen(origin);

    if (origin_bytes == 0 || origin_is_any(origins))
        return true;
    for (const char *at = origins; *at != '\0';) {
        const size_t bytes = strcspn(at, SEPARATORS);

        if (bytes == origin_bytes && strncasecmp(at, origin, bytes) == 0)
            return true;
        at += bytes;
        at += strspn(at, SEPARATORS);
    }
    return false;
}
