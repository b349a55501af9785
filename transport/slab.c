#include "transport/slab.h"

#include <stdlib.h>
#include <string.h>

struct slab_block {
    struct slab_block *next;
};

#if defined(__SANITIZE_ADDRESS__)
enum { SEPARATE_BLOCKS = 1 }; /* so that use after free and leaks are seen */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SEPARATE_BLOCKS = 1 };
#else
enum { SEPARATE_BLOCKS = 0 };
#endif
#else
enum { SEPARATE_BLOCKS = 0 };
#endif

static void *cut_or_null(struct slab *slab)
{
    if (slab->chunk == NULL || slab->chunk_used_bytes + slab->block_bytes > SLAB_CHUNK_BYTES) {
        char *chunk = aligned_alloc(SLAB_ALIGNMENT_BYTES, SLAB_CHUNK_BYTES);
        if (chunk == NULL)
            return NULL;
        slab->chunk = chunk;
        slab->chunk_used_bytes = 0;
    }
    char *block = slab->chunk + slab->chunk_used_bytes;
    slab->chunk_used_bytes += slab->block_bytes;
    return block;
}

void *slab_take(struct slab *slab)
{
    void *block = NULL;

    if (SEPARATE_BLOCKS) {
        block = aligned_alloc(SLAB_ALIGNMENT_BYTES, slab->block_bytes);
    } else {
        pthread_mutex_lock(&slab->lock);
        if (slab->freed != NULL) {
            block = slab->freed;
            slab->freed = slab->freed->next;
        } else {
            block = cut_or_null(slab);
        }
        pthread_mutex_unlock(&slab->lock);
    }
    if (block != NULL)
        memset(block, 0, slab->block_bytes);
    return block;
}

void slab_give(struct slab *slab, void *block)
{
    if (block == NULL)
        return;
    explicit_bzero(block, slab->block_bytes);
    if (SEPARATE_BLOCKS) {
        free(block);
        return;
    }
    struct slab_block *freed = block;
    pthread_mutex_lock(&slab->lock);
    freed->next = slab->freed;
    slab->freed = freed;
    pthread_mutex_unlock(&slab->lock);
}
