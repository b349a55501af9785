/* signaling/pages.h - the pages and their assets, answered from the table inside the program
 * (signaling/web_files.h): the request's path is only a key, so there is no traversal. Thread:
 * main. */
#ifndef SIGNALING_PAGES_H
#define SIGNALING_PAGES_H

#include <stdbool.h>

#include "signaling/exchange.h"

/* Answers when the path is a page or an asset; false (exchange untouched) when it is neither. */
bool pages_handle(struct exchange *exchange);
/* Prints each page: GET, and path with {} for a room. */
void pages_print_routes(void);
/* Answers 404: a page for people, a problem for programs. */
void pages_missing(struct exchange *exchange);

#endif
