/* signaling/ice_servers.h - the STUN and TURN servers that clients are told of (settings
 * ice.servers, ice.username, ice.credential, ice.secret): as the W3C's iceServers and as Link
 * headers (RFC 9725 section 4.6). Thread: main. */
#ifndef SIGNALING_ICE_SERVERS_H
#define SIGNALING_ICE_SERVERS_H

#include <jansson.h>
#include <stdbool.h>

#include "signaling/config.h"
#include "signaling/exchange.h"

enum { ICE_SERVERS_LINKS_MAX = 8 };

/* False when a URL is not of stun, stuns, turn or turns (RFC 7064, RFC 7065), or when TURN has no
 * credentials: no browser would make a peer connection with such a list. */
bool ice_servers_are_valid(const struct config *config);
/* An array of {urls, username, credential}, one for each URL; a new reference. */
json_t *ice_servers_json(const struct config *config);
/* Adds one Link header for each URL: OBS reads no list. */
void ice_servers_link(const struct config *config, struct exchange *exchange);

#endif
