/* signaling/metrics_rooms.h - rooms as metrics: the largest by name, at most so many (each name is
 * a time series that the scraper keeps), all others summed under a label that no room can have.
 * Thread: main. */
#ifndef SIGNALING_METRICS_ROOMS_H
#define SIGNALING_METRICS_ROOMS_H

#include "signaling/directory.h"
#include "signaling/metrics_text.h"

/* The label of the others. */
#define METRICS_ROOMS_OTHERS "/others"

/* Rooms of equal size go by name. */
void metrics_rooms_put(struct metrics_writer *writer, const struct directory *directory,
                       unsigned most);

#endif
