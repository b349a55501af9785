/* signaling/socketio_answer.h - where the answers to a client's events go: to the acknowledgement
 * that was asked for, now or when an offer's answer is there, or as an event (PROTOCOL.md section
 * 4). Also how a message of section 3 becomes an event. Thread: main. */
#ifndef SIGNALING_SOCKETIO_ANSWER_H
#define SIGNALING_SOCKETIO_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "signaling/participant.h"
#include "signaling/socketio.h"

enum { SOCKETIO_ANSWER_WAITING_MAX = 32 }; /* offers of one client, without an answer yet */

struct socketio_waiting_offer;

/* Of one client. */
struct socketio_answers {
    struct socketio_socket *socket;
    struct socketio_waiting_offer *offers;
    unsigned offer_count;
    int64_t join; /* the acknowledgement of the join that is being done, or none */
};

void socketio_answers_init(struct socketio_answers *answers, struct socketio_socket *socket);
void socketio_answers_close(struct socketio_answers *answers);

/* Answers an event: {type: ...} to its acknowledgement, else as an event; takes message. NULL:
 * {type: ok}, to an acknowledgement alone. */
void socketio_answer(struct socketio_answers *answers, int64_t acknowledgement, json_t *message);
/* The answer to the offer of that id will come as a message. False: too many wait. */
bool socketio_answer_later(struct socketio_answers *answers, int64_t acknowledgement,
                           const char *id);
/* A message of the server: to the acknowledgement that waits for it, else as an event. */
void socketio_answers_take(struct socketio_answers *answers,
                           const struct participant_message *message);

#endif
