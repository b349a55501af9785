/* transport/slab.h - blocks of one size for records that live as long as a viewer does. Taken from
 * malloc they would lie scattered between the pieces of handshakes under way (77 KB each), and keep
 * those pages from going back to the system when the handshake is over. Freed blocks are taken
 * again; the memory stays with the process (bounded by the most viewers there ever were). Any
 * thread; a lock is taken, so not on the packet path. */
#ifndef TRANSPORT_SLAB_H
#define TRANSPORT_SLAB_H

#include <pthread.h>
#include <stddef.h>

enum { SLAB_ALIGNMENT_BYTES = 64, SLAB_CHUNK_BYTES = 64 * 1024 };

struct slab_block;

struct slab {
    pthread_mutex_t lock;
    size_t block_bytes; /* a multiple of SLAB_ALIGNMENT_BYTES, at most SLAB_CHUNK_BYTES */
    struct slab_block *freed;
    char *chunk; /* the newest one: never freed */
    size_t chunk_used_bytes;
};

/* For static storage; type's size is rounded up. */
#define SLAB_OF(bytes)                                                                             \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER,                                                         \
        .block_bytes =                                                                             \
            ((bytes) + SLAB_ALIGNMENT_BYTES - 1) / SLAB_ALIGNMENT_BYTES * SLAB_ALIGNMENT_BYTES     \
    }

/* Returns a block, all zero, aligned to SLAB_ALIGNMENT_BYTES; NULL: out of memory. */
void *slab_take(struct slab *slab);
/* Wipes the block. NULL is allowed. */
void slab_give(struct slab *slab, void *block);

#endif
