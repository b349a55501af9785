/* transport/data.h - the data thread: all SCTP of the process, so that its costs and locks are
 * nobody's who forwards media (DESIGN.md section 3). Workers and ingest hand it the sessions that
 * negotiated data channels, and what comes for them; it hands datagrams back through the session's
 * owner. Thread: created, started, stopped and destroyed on main; the rest says its own. */
#ifndef TRANSPORT_DATA_H
#define TRANSPORT_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/stats.h"
#include "core/status.h"
#include "transport/data_relay.h"

/* Datagrams on their way to the data thread. Viewers leave some room for broadcasters. */
enum { DATA_WAITING_MAX = 4096, DATA_WAITING_VIEWERS_MAX = 3072 };

struct data;

/* limits and events are copied. STATUS_EXISTS: there is one in the process. */
MUST_CHECK enum status data_create(const struct data_limits *limits,
                                   const struct data_events *events, struct data **data);
MUST_CHECK enum status data_start(struct data *data);
/* Joins the thread; from now on nothing is told to owners. Does nothing when not started. */
void data_stop(struct data *data);
/* After all who post have stopped. NULL is allowed. */
void data_destroy(struct data *data);

/* Any thread: the session's owner, which posts them in order. As data_relay.h says. */
void data_open(struct data *data, const struct data_session *session);
/* Copies. False: dropped, for too many wait. */
bool data_receive(struct data *data, uint64_t session, bool publishes, const uint8_t *datagram,
                  size_t datagram_bytes);
void data_close(struct data *data, uint64_t session);

/* Any thread. True while as many sessions as may be have data channels. */
bool data_is_full(const struct data *data);
const struct stats *data_stats(const struct data *data);

#endif
