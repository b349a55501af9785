#include "signaling/health.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_BYTES = 64, WITHIN_SECONDS = 3 };

/* "ADDRESS:PORT" as OpenSSL takes it. */
static void place_of(const struct config *config, char *place, size_t place_bytes)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    const char *bind = config->http_bind;
    const bool is_ipv6 = inet_pton(AF_INET6, bind, ignored) == 1;
    const bool is_ipv4 = inet_pton(AF_INET, bind, ignored) == 1;

    (void)snprintf(place, place_bytes, is_ipv6 ? "[%.64s]:%u" : "%.64s:%u",
                   is_ipv4 || is_ipv6 ? bind : "127.0.0.1", config->http_port);
}

/* Returns whether the answer is a 200. */
static bool ask(BIO *connection)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n";
    static const char good[] = "HTTP/1.1 200";
    char answer[ANSWER_BYTES];
    int bytes = 0;

    if (BIO_write(connection, request, (int)strlen(request)) != (int)strlen(request))
        return false;
    while (bytes < (int)strlen(good)) {
        const int more = BIO_read(connection, answer + bytes, ANSWER_BYTES - bytes);

        if (more <= 0)
            return false;
        bytes += more;
    }
    return memcmp(answer, good, strlen(good)) == 0;
}

/* place is not changed; BIO_set_conn_hostname takes no const. */
static BIO *connect_to(char *place, SSL_CTX *tls)
{
    BIO *connection = tls != NULL ? BIO_new_ssl_connect(tls) : BIO_new(BIO_s_connect());

    if (connection == NULL)
        return NULL;
    if (BIO_set_conn_hostname(connection, place) == 1 && BIO_do_connect(connection) == 1)
        return connection;
    BIO_free_all(connection);
    return NULL;
}

int health_ask(const struct config *config)
{
    char place[96];
    SSL_CTX *tls = config->http_certificate[0] != '\0' ? SSL_CTX_new(TLS_client_method()) : NULL;

    (void)alarm(WITHIN_SECONDS); /* ends the process: as good as "not alive" */
    place_of(config, place, sizeof place);
    BIO *connection = connect_to(place, tls);
    const bool alive = connection != NULL && ask(connection);

    if (!alive)
        (void)fprintf(stderr, "manycast: no healthy server at %s\n", place);
    BIO_free_all(connection);
    SSL_CTX_free(tls);
    return alive ? EXIT_SUCCESS : EXIT_FAILURE;
}
