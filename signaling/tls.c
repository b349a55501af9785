#include "signaling/tls.h"

#include <openssl/err.h>

#include "core/log.h"

static enum status refuse(const char *path)
{
    const unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    LOG_ERROR("tls", "the old certificate stays, %s: %s", path,
              reason != NULL ? reason : "not usable");
    ERR_clear_error();
    return STATUS_MALFORMED;
}

/* Reads into trial, apart: what fails halfway must not leave half of it in use. */
static enum status read_pair(SSL_CTX *trial, const char *certificate_path, const char *key_path)
{
    if (SSL_CTX_use_certificate_chain_file(trial, certificate_path) != 1)
        return refuse(certificate_path);
    if (SSL_CTX_use_PrivateKey_file(trial, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(trial) != 1)
        return refuse(key_path);
    return STATUS_OK;
}

enum status tls_exchange(SSL_CTX *context, const char *certificate_path, const char *key_path)
{
    SSL_CTX *trial = SSL_CTX_new(TLS_server_method());
    STACK_OF(X509) *chain = NULL;

    if (trial == NULL)
        return STATUS_NO_MEMORY;
    enum status status = read_pair(trial, certificate_path, key_path);
    if (status == STATUS_OK &&
        (SSL_CTX_get0_chain_certs(trial, &chain) != 1 ||
         SSL_CTX_use_cert_and_key(context, SSL_CTX_get0_certificate(trial),
                                  SSL_CTX_get0_privatekey(trial), chain, 1) != 1))
        status = refuse(certificate_path);
    if (status == STATUS_OK)
        LOG_INFO("tls", "certificate read again from %s", certificate_path);
    SSL_CTX_free(trial);
    return status;
}
