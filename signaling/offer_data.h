/* signaling/offer_data.h - what an offer's m=application line says of data channels: SCTP over DTLS
 * (RFC 8841). Thread: main. */
#ifndef SIGNALING_OFFER_DATA_H
#define SIGNALING_OFFER_DATA_H

#include <stdbool.h>

#include "signaling/sdp.h"
#include "transport/datachannel.h"

struct offer_data {
    const struct sdp_section *section; /* NULL: none is offered that is served */
    struct datachannel_terms terms;    /* port 0 then */
};

/* False: section is not of data channels, or of a form that is not served (such as the draft's
 * DTLS/SCTP with a=sctpmap). section must outlive data. */
bool offer_data_read(const struct sdp_section *section, struct offer_data *data);

#endif
