#include "core/status.h"

const char *status_text(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_SHORT:
        return "ends too early";
    case STATUS_MALFORMED:
        return "malformed";
    case STATUS_UNSUPPORTED:
        return "not supported";
    case STATUS_FULL:
        return "limit reached";
    case STATUS_NOT_FOUND:
        return "not found";
    case STATUS_EXISTS:
        return "exists already";
    case STATUS_DENIED:
        return "denied";
    case STATUS_AGAIN:
        return "not now";
    case STATUS_CLOSED:
        return "closed";
    case STATUS_NO_MEMORY:
        return "out of memory";
    case STATUS_SYSTEM:
        return "system error";
    }
    return "unknown";
}
