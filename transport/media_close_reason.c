#include "transport/media.h"

const char *media_close_reason_text(enum media_close_reason reason)
{
    switch (reason) {
    case MEDIA_CLOSED_BY_US:
        return "ended by us";
    case MEDIA_CLOSED_BY_PEER:
        return "ended by the peer";
    case MEDIA_CLOSED_NO_CHECK:
        return "no connectivity check arrived";
    case MEDIA_CLOSED_HANDSHAKE:
        return "the DTLS handshake failed";
    case MEDIA_CLOSED_FINGERPRINT:
        return "the certificate does not match the fingerprint";
    case MEDIA_CLOSED_CONSENT:
        return "the peer fell silent";
    case MEDIA_CLOSED_RESOURCE:
        return "a limit was reached";
    }
    return "unknown";
}
