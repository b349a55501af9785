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

/* "https://a.example:8443": a scheme and an authority, nothing behind. */
static bool is_origin(const char *text, size_t bytes)
{
    static const char *const SCHEMES[] = {"http://", "https://"};

    for (size_t i = 0; i < sizeof SCHEMES / sizeof SCHEMES[0]; i++) {
        const size_t scheme_bytes = strlen(SCHEMES[i]);

        if (bytes > scheme_bytes && strncasecmp(text, SCHEMES[i], scheme_bytes) == 0)
            return strcspn(text + scheme_bytes, "/?#*@") >= bytes - scheme_bytes;
    }
    return false;
}

bool origin_list_is_valid(const char *origins)
{
    if (origin_is_any(origins))
        return true;
    for (const char *at = origins + strspn(origins, SEPARATORS); *at != '\0';
         at += strspn(at, SEPARATORS)) {
        const size_t bytes = strcspn(at, SEPARATORS);

        if (!is_origin(at, bytes))
            return false;
        at += bytes;
    }
    return true;
}
