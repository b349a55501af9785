/* signaling/user_agent.h - what a User-Agent header (RFC 9110 section 10.1.5) says of who came, in
 * a few bytes: name and major version. For people who look for a pattern, never for a decision.
 * Pure functions. */
#ifndef SIGNALING_USER_AGENT_H
#define SIGNALING_USER_AGENT_H

#include <stdint.h>

enum { USER_AGENT_TEXT_BYTES = 32 };

/* All zero: nobody known. */
struct user_agent {
    uint16_t version; /* major, 0: not told */
    uint8_t name;     /* user_agent's own */
};

/* header is terminated; anything may be in it. */
struct user_agent user_agent_read(const char *header);
/* "Chrome 119"; "" for nobody known. */
void user_agent_write(struct user_agent agent, char text[USER_AGENT_TEXT_BYTES]);

#endif
