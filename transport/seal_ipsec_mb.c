/* AES-128-GCM by intel-ipsec-mb: one call a packet, keys and powers of the hash key expanded once.
 * Built where the library is (CMake), used where the processor has what it needs. The other suite
 * is seal_multi_buffer.c's. */
#include <intel-ipsec-mb.h>
#include <pthread.h>

#include "core/log.h"
#include "transport/seal_back_end.h"
#include "transport/slab.h"

static struct slab ciphers = SLAB_OF(sizeof(struct gcm_key_data));

/* A cipher is the expanded key and nothing else. */
static struct gcm_key_data *key_data(struct seal_cipher *cipher)
{
    return (struct gcm_key_data *)(void *)cipher;
}

/* Functions for this processor; written once, then read by every worker. */
static IMB_MGR *manager;
static pthread_once_t manager_once = PTHREAD_ONCE_INIT;
static struct seal_back_end back_end;

static void destroy(struct seal_cipher *cipher)
{
    slab_give(&ciphers, cipher); /* wipes */
}

static enum status create(enum srtp_suite suite, const struct session_keys *session_keys,
                          struct seal_cipher **cipher)
{
    if (suite != SRTP_SUITE_AEAD_AES_128_GCM)
        return STATUS_UNSUPPORTED;
    struct seal_cipher *made = slab_take(&ciphers);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    IMB_AES128_GCM_PRE(manager, session_keys->key, key_data(made));
    *cipher = made;
    return STATUS_OK;
}

static size_t run(struct seal_cipher *cipher, const struct seal_job *job)
{
    struct gcm_context_data context;
    uint8_t *encrypted = job->out + job->header_bytes;
    IMB_AES128_GCM_ENC(manager, key_data(cipher), &context, encrypted, job->payload,
                       job->payload_bytes, job->iv, job->out, job->header_bytes,
                       encrypted + job->payload_bytes, SEAL_GCM_TAG_BYTES);
    return SEAL_GCM_TAG_BYTES;
}

static const char *name_or_null(IMB_ARCH architecture, uint64_t features)
{
    const uint64_t vector_aes = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
    switch (architecture) {
    case IMB_ARCH_AVX512:
        return (features & vector_aes) == vector_aes ? "ipsec-mb avx512 vaes" : "ipsec-mb avx512";
    case IMB_ARCH_AVX2:
        return "ipsec-mb avx2";
    case IMB_ARCH_AVX:
        return "ipsec-mb avx";
    case IMB_ARCH_SSE:
        return "ipsec-mb sse";
    case IMB_ARCH_NONE:
    case IMB_ARCH_NOAESNI: /* emulated: slower than OpenSSL */
    case IMB_ARCH_NUM:
        break;
    }
    return NULL;
}

static void make_manager(void)
{
    IMB_ARCH architecture = IMB_ARCH_NONE;
    IMB_MGR *made = alloc_mb_mgr(0);
    if (made == NULL)
        return;
    init_mb_mgr_auto(made, &architecture);
    const char *name = name_or_null(architecture, made->features);
    if (name == NULL || imb_get_errno(made) != 0) {
        LOG_DEBUG("seal", "ipsec-mb does not serve this processor");
        free_mb_mgr(made);
        return;
    }
    manager = made;
    back_end = (struct seal_back_end){name, create, destroy, run, NULL, NULL};
}

const struct seal_back_end *seal_ipsec_mb_or_null(void)
{
    pthread_once(&manager_once, make_manager);
    return manager != NULL ? &back_end : NULL;
}
