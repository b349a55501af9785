/* tests/signaling/negotiate_scene.h - what the tests of negotiate share: our side of a session, and
 * offers with one thing changed. */
#ifndef TESTS_SIGNALING_NEGOTIATE_SCENE_H
#define TESTS_SIGNALING_NEGOTIATE_SCENE_H

#include "signaling/negotiate.h"

extern const struct media_local negotiate_local; /* two candidates */
extern const struct fingerprint negotiate_certificate;

struct negotiate_source source_of(bool live, bool audio, bool video);

void assert_has(const char *text, const char *part);
void assert_has_not(const char *text, const char *part);
unsigned count_of(const char *text, const char *part);

struct mutation {
    const char *what;
    const char *without; /* lines removed, by their start; or NULL */
    const char *from;    /* replaced; or NULL */
    const char *to;
    enum status status; /* what comes of it */
};

/* The offer of that file, changed; the caller frees. */
char *mutate(const char *file, const struct mutation *mutation);
/* Fails the test unless status is the mutation's and a refusal says why. */
void check_refusal(const struct mutation *mutation, enum status status,
                   const struct negotiate_refusal *refusal);

#endif
