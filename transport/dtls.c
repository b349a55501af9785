#include "transport/dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "core/log.h"
#include "core/mono.h"

/* RFC 6347 section 4.2.4.1 proposes 1 s at first, and less where latency matters (real-time media):
 * a viewer waits for this. */
enum { RETRANSMIT_FIRST_US = 250 * 1000, RETRANSMIT_LONGEST_US = 4 * 1000 * 1000 };

/* RFC 5764 section 4.2; the exporter gives both sides' keys and salts. */
enum { EXPORT_BYTES_MAX = 2 * (SRTP_KEY_BYTES + SRTP_SALT_BYTES_MAX) };
static const char export_label[] = "EXTRACTOR-dtls_srtp";

enum { RECORD_HEADER_BYTES = 13, RECORD_ALERT = 21 };

struct dtls_context {
    SSL_CTX *ssl_ctx;
    BIO_METHOD *method;
};

struct dtls {
    SSL *ssl;
    struct dtls_context *context;
    struct dtls_output output;
    const uint8_t *datagram; /* borrowed; the one being read, NULL when OpenSSL has taken it */
    size_t datagram_bytes;
    int64_t timer_ns;
    uint32_t received_bytes; /* before connected, as the next one */
    uint16_t received_datagrams;
    uint8_t resets;
    bool is_client;
    bool connected;
    bool verified; /* the peer's certificate has the expected fingerprint */
    bool denied;   /* it has another */
    struct fingerprint expected;
};

/* The wire as OpenSSL sees it: one BIO_write is one datagram out, one BIO_read the datagram that
 * dtls_receive was given. */

/* An alert in the clear tells the genuine peer to give up, and all that it takes to provoke one is
 * a forged record: while the handshake may begin anew, it stays unsaid. */
static bool is_unwanted_alert(const struct dtls *dtls, const char *data, int bytes)
{
    bool in_clear =
        bytes >= RECORD_HEADER_BYTES && data[0] == RECORD_ALERT && data[3] == 0 && data[4] == 0;
    return in_clear && !dtls->denied && dtls->resets < DTLS_RESETS_MAX;
}

static int wire_write(BIO *bio, const char *data, int bytes)
{
    struct dtls *dtls = BIO_get_data(bio);
    if (bytes > 0 && !is_unwanted_alert(dtls, data, bytes))
        dtls->output.send(dtls->output.context, (const uint8_t *)data, (size_t)bytes);
    return bytes;
}

static int wire_read(BIO *bio, char *out, int capacity_bytes)
{
    struct dtls *dtls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (dtls->datagram == NULL) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t bytes = dtls->datagram_bytes;
    if (bytes > (size_t)capacity_bytes) /* as recv would cut it */
        bytes = (size_t)capacity_bytes;
    memcpy(out, dtls->datagram, bytes);
    dtls->datagram = NULL;
    return (int)bytes;
}

static long wire_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    /* Nothing is buffered here; the other commands ask a socket for its MTU or its timers. */
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/* Instead of OpenSSL's own verification: these certificates are self-signed, and what counts is
 * their fingerprint alone (RFC 8122 section 6.2). Runs before anything is derived from the
 * handshake. */
static int verify_fingerprint(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct dtls *dtls = SSL_get_app_data(ssl);
    const X509 *x509 = X509_STORE_CTX_get0_cert(store);
    dtls->verified = x509 != NULL && fingerprint_matches(&dtls->expected, x509);
    dtls->denied = !dtls->verified;
    X509_STORE_CTX_set_error(store, dtls->verified ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return dtls->verified ? 1 : 0;
}

static unsigned next_timeout_us(SSL *ssl, unsigned previous_us)
{
    (void)ssl;
    if (previous_us == 0)
        return RETRANSMIT_FIRST_US;
    return previous_us < RETRANSMIT_LONGEST_US / 2 ? 2 * previous_us : RETRANSMIT_LONGEST_US;
}

static const char *profile_names(int only_suite)
{
    switch (only_suite) {
    case SRTP_SUITE_AEAD_AES_128_GCM:
        return "SRTP_AEAD_AES_128_GCM";
    case SRTP_SUITE_AES_CM_128_HMAC_SHA1_80:
        return "SRTP_AES128_CM_SHA1_80";
    default:
        return "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
    }
}

static bool configure(SSL_CTX *ssl_ctx, const struct certificate *certificate, int only_suite)
{
    /* P-384: in DTLS 1.2 the list also bounds the curves of peers' certificates. */
    static char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro casts to char * */

    SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ssl_ctx, 1); /* a datagram is read whole or lost */
    SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ssl_ctx, verify_fingerprint, NULL);
    return SSL_CTX_set_min_proto_version(ssl_ctx, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ssl_ctx, DTLS1_2_VERSION) == 1 &&
           /* RSA suites: a server that we are the client of may have such a certificate. */
           SSL_CTX_set_cipher_list(
               ssl_ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384") == 1 &&
           SSL_CTX_set1_groups_list(ssl_ctx, groups) == 1 &&
           SSL_CTX_set_tlsext_use_srtp(ssl_ctx, profile_names(only_suite)) == 0 &&
           certificate_use(certificate, ssl_ctx) == STATUS_OK;
}

static BIO_METHOD *wire_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams");
    if (method != NULL) {
        BIO_meth_set_write(method, wire_write);
        BIO_meth_set_read(method, wire_read);
        BIO_meth_set_ctrl(method, wire_ctrl);
    }
    return method;
}

enum status dtls_context_create(const struct certificate *certificate, int only_suite,
                                struct dtls_context **context)
{
    struct dtls_context *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->ssl_ctx = SSL_CTX_new(DTLS_method());
    made->method = wire_method();
    if (made->ssl_ctx == NULL || made->method == NULL ||
        !configure(made->ssl_ctx, certificate, only_suite)) {
        LOG_ERROR("dtls", "OpenSSL refused the configuration, error %lx", ERR_peek_last_error());
        ERR_clear_error();
        dtls_context_destroy(made);
        return STATUS_SYSTEM;
    }
    *context = made;
    return STATUS_OK;
}

void dtls_context_destroy(struct dtls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ssl_ctx);
    BIO_meth_free(context->method);
    free(context);
}

static enum status open_ssl(struct dtls *dtls)
{
    SSL *ssl = SSL_new(dtls->context->ssl_ctx);
    BIO *wire = BIO_new(dtls->context->method);
    if (ssl == NULL || wire == NULL) {
        SSL_free(ssl);
        BIO_free(wire);
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    BIO_set_data(wire, dtls);
    BIO_set_init(wire, 1);
    SSL_set_bio(ssl, wire, wire); /* takes the one reference */
    SSL_set_app_data(ssl, dtls);
    SSL_set_mtu(ssl, DTLS_DATAGRAM_BYTES_MAX);
    DTLS_set_timer_cb(ssl, next_timeout_us);
    if (dtls->is_client)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    dtls->ssl = ssl;
    return STATUS_OK;
}

enum status dtls_create(struct dtls_context *context, enum dtls_role role,
                        const struct fingerprint *expected, const struct dtls_output *output,
                        struct dtls **dtls)
{
    struct dtls *made = calloc(1, sizeof *made);
    if (made == NULL)
        return STATUS_NO_MEMORY;
    made->context = context;
    made->output = *output;
    made->timer_ns = MONO_NEVER;
    made->is_client = role == DTLS_CLIENT;
    made->expected = *expected;
    enum status status = open_ssl(made);
    if (status != STATUS_OK) {
        free(made);
        return status;
    }
    *dtls = made;
    return STATUS_OK;
}

void dtls_hand_over(struct dtls *dtls, const struct dtls_output *output)
{
    dtls->output = *output;
}

void dtls_destroy(struct dtls *dtls)
{
    if (dtls == NULL)
        return;
    SSL_free(dtls->ssl);
    free(dtls);
}

/* OpenSSL keeps its timer by the wall clock; what remains of it is all that we use. */
static void set_timer(struct dtls *dtls, int64_t now_ns)
{
    struct timeval left;
    dtls->timer_ns = MONO_NEVER;
    if (DTLSv1_get_timeout(dtls->ssl, &left) == 1)
        dtls->timer_ns = now_ns + left.tv_sec * MONO_SECOND + left.tv_usec * INT64_C(1000);
}

/* Goes on with the handshake as far as what was received allows. STATUS_AGAIN: more is awaited. */
static enum status handshake(struct dtls *dtls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(dtls->ssl);
    if (result == 1 && dtls->verified) {
        dtls->connected = true;
        return STATUS_OK;
    }
    if (result != 1 && SSL_get_error(dtls->ssl, result) == SSL_ERROR_WANT_READ)
        return STATUS_AGAIN;
    ERR_clear_error();
    return dtls->denied ? STATUS_DENIED : STATUS_MALFORMED;
}

/* Begins anew after a fatal error in a handshake that nobody has authenticated yet. */
static enum status reset(struct dtls *dtls)
{
    if (dtls->resets == DTLS_RESETS_MAX)
        return STATUS_MALFORMED;
    dtls->resets++;
    SSL *broken = dtls->ssl;
    enum status status = open_ssl(dtls);
    if (status != STATUS_OK)
        return status;
    SSL_free(broken);
    dtls->datagram = NULL;
    dtls->verified = false;
    return dtls->is_client ? handshake(dtls) : STATUS_AGAIN;
}

static enum status read_data(struct dtls *dtls)
{
    uint8_t data[DTLS_DATAGRAM_BYTES_MAX * 2];
    for (;;) {
        ERR_clear_error();
        int result = SSL_read(dtls->ssl, data, sizeof data);
        if (result > 0) {
            if (dtls->output.on_data != NULL)
                dtls->output.on_data(dtls->output.context, data, (size_t)result);
            continue;
        }
        int error = SSL_get_error(dtls->ssl, result);
        ERR_clear_error();
        if (error == SSL_ERROR_WANT_READ)
            return STATUS_OK;
        bool ended = (SSL_get_shutdown(dtls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
        return error == SSL_ERROR_ZERO_RETURN || ended ? STATUS_CLOSED : STATUS_MALFORMED;
    }
}

enum status dtls_begin(struct dtls *dtls, int64_t now_ns)
{
    if (!dtls->is_client)
        return STATUS_OK;
    enum status status = handshake(dtls);
    set_timer(dtls, now_ns);
    return status == STATUS_AGAIN ? STATUS_OK : status;
}

static bool count_before_connected(struct dtls *dtls, size_t datagram_bytes)
{
    if (dtls->received_datagrams == DTLS_BEFORE_CONNECTED_DATAGRAMS_MAX ||
        datagram_bytes > DTLS_BEFORE_CONNECTED_BYTES_MAX - dtls->received_bytes)
        return false;
    dtls->received_datagrams++;
    dtls->received_bytes += (uint32_t)datagram_bytes;
    return true;
}

static enum status receive_before_connected(struct dtls *dtls)
{
    if (!count_before_connected(dtls, dtls->datagram_bytes))
        return STATUS_FULL;
    enum status status = handshake(dtls);
    if (status == STATUS_MALFORMED)
        status = reset(dtls);
    if (status != STATUS_OK)
        return status == STATUS_AGAIN ? STATUS_OK : status;
    return read_data(dtls); /* the datagram that finished the handshake may hold more records */
}

enum status dtls_receive(struct dtls *dtls, const uint8_t *datagram, size_t datagram_bytes,
                         int64_t now_ns)
{
    if (datagram_bytes < RECORD_HEADER_BYTES) {
        return dtls->connected || count_before_connected(dtls, datagram_bytes) ? STATUS_OK
                                                                               : STATUS_FULL;
    }
    dtls->datagram = datagram;
    dtls->datagram_bytes = datagram_bytes;
    enum status status = dtls->connected ? read_data(dtls) : receive_before_connected(dtls);
    dtls->datagram = NULL;
    set_timer(dtls, now_ns);
    return status;
}

bool dtls_is_connected(const struct dtls *dtls)
{
    return dtls->connected;
}

static bool selected_suite(const struct dtls *dtls, enum srtp_suite *suite)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
    if (profile == NULL)
        return false;
    *suite = profile->id == SRTP_AEAD_AES_128_GCM ? SRTP_SUITE_AEAD_AES_128_GCM
                                                  : SRTP_SUITE_AES_CM_128_HMAC_SHA1_80;
    return true;
}

enum status dtls_read_keys(const struct dtls *dtls, struct srtp_keys *keys)
{
    struct srtp_keys read = {0};
    if (!dtls->connected || !selected_suite(dtls, &read.suite))
        return STATUS_UNSUPPORTED;
    size_t salt_bytes = read.suite == SRTP_SUITE_AEAD_AES_128_GCM ? 12 : SRTP_SALT_BYTES_MAX;
    uint8_t material[EXPORT_BYTES_MAX];
    if (SSL_export_keying_material(dtls->ssl, material, 2 * (SRTP_KEY_BYTES + salt_bytes),
                                   export_label, sizeof export_label - 1, NULL, 0, 0) != 1) {
        ERR_clear_error();
        return STATUS_SYSTEM;
    }
    /* RFC 5764 section 4.2: client's key, server's key, client's salt, server's salt. */
    const uint8_t *client_salt = material + sizeof read.local_key + sizeof read.remote_key;
    const uint8_t *server_salt = client_salt + salt_bytes;
    bool client = dtls->is_client;
    memcpy(client ? read.local_key : read.remote_key, material, SRTP_KEY_BYTES);
    memcpy(client ? read.remote_key : read.local_key, material + SRTP_KEY_BYTES, SRTP_KEY_BYTES);
    memcpy(client ? read.local_salt : read.remote_salt, client_salt, salt_bytes);
    memcpy(client ? read.remote_salt : read.local_salt, server_salt, salt_bytes);
    *keys = read;
    OPENSSL_cleanse(material, sizeof material);
    OPENSSL_cleanse(&read, sizeof read);
    return STATUS_OK;
}

int64_t dtls_timer_ns(const struct dtls *dtls)
{
    return dtls->timer_ns;
}

enum status dtls_on_timer(struct dtls *dtls, int64_t now_ns)
{
    ERR_clear_error();
    long result = DTLSv1_handle_timeout(dtls->ssl);
    ERR_clear_error();
    set_timer(dtls, now_ns);
    return result < 0 ? STATUS_MALFORMED : STATUS_OK;
}

enum status dtls_send(struct dtls *dtls, const uint8_t *data, size_t data_bytes)
{
    if (!dtls->connected)
        return STATUS_AGAIN;
    if (data_bytes > DTLS_DATA_BYTES_MAX)
        return STATUS_FULL;
    ERR_clear_error();
    if (SSL_write(dtls->ssl, data, (int)data_bytes) == (int)data_bytes)
        return STATUS_OK;
    ERR_clear_error();
    return STATUS_CLOSED;
}

void dtls_close(struct dtls *dtls)
{
    if (!dtls->connected)
        return;
    ERR_clear_error();
    SSL_shutdown(dtls->ssl);
    ERR_clear_error();
}
