/* tests/signaling/stage.h - an endpoint over the fake media plane, with settings that a test may
 * change, and the commonest scenes. */
#ifndef TESTS_SIGNALING_STAGE_H
#define TESTS_SIGNALING_STAGE_H

#include "signaling/endpoint.h"

struct stage {
    struct config config;
    struct certificate *certificate;
    struct endpoint *endpoint;
    struct media_events events;
    int64_t now_ns;
};

/* Time begins at 1 s. */
void stage_open(struct stage *stage);
void stage_close(struct stage *stage);
/* Lets so much time pass, in steps of 100 ms. */
void stage_wait_ms(struct stage *stage, unsigned ms);
/* The media plane's answer to the last publish or restart. */
void stage_give_local(struct stage *stage);
void stage_connect(struct stage *stage, uint64_t session);
/* A report of live VP8 and Opus for the stream of the last publish. */
void stage_report(struct stage *stage, bool audio, bool video);
void stage_closed(struct stage *stage, uint64_t session, enum media_close_reason reason);

#endif
