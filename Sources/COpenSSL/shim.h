#pragma once
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// The functions below are macros in OpenSSL, which Swift cannot see.

static inline int copenssl_set_min_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

// No renegotiation, no compression, no tickets, and the server's order of ciphers unless the client lacks AES.
static inline void copenssl_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET
        | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
}

static inline void copenssl_set_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_mode(context, mode);
}

static inline int copenssl_set_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}

static inline void copenssl_set_session_cache(SSL_CTX *context, long mode, long size) {
    SSL_CTX_set_session_cache_mode(context, mode);
    SSL_CTX_sess_set_cache_size(context, size);
}

// One read takes a record's head and its body, and the next record's too if they are there.
static inline void copenssl_set_read_ahead(SSL_CTX *context) {
    SSL_CTX_set_read_ahead(context, 1);
}

// Hands a certificate over to the chain that is sent behind the server's own.
static inline int copenssl_add_to_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(context, certificate);
}

// Whether an error says only that a PEM file holds no more objects of the kind that was read.
static inline int copenssl_is_end_of_pem(unsigned long code) {
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

// The number of the system call's failure that an error stands for; 0 for an error of OpenSSL's own.
static inline int copenssl_system_error(unsigned long code) {
    return ERR_SYSTEM_ERROR(code) ? ERR_GET_REASON(code) : 0;
}

// STACK_OF(GENERAL_NAME) is walked by inline functions that a macro makes.
// Copies the first DNS name, e-mail address or URI of the subject's alternative names, if there is one,
// and returns its length, or -1. Names with a NUL inside are passed over: they are made to deceive.
static inline int copenssl_alternative_name(X509 *certificate, char *name, int capacity) {
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int length = -1;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && length < 0; i++) {
        const GENERAL_NAME *item = sk_GENERAL_NAME_value(names, i);
        if (item->type != GEN_DNS && item->type != GEN_EMAIL && item->type != GEN_URI) continue;
        int count = ASN1_STRING_length(item->d.ia5);
        const unsigned char *bytes = ASN1_STRING_get0_data(item->d.ia5);
        if (count <= 0 || count > capacity || memchr(bytes, 0, (size_t)count)) continue;
        memcpy(name, bytes, (size_t)count);
        length = count;
    }
    GENERAL_NAMES_free(names);
    return length;
}

// Says to the server which of its names is meant (RFC 6066, section 3).
static inline int copenssl_set_server_name(SSL *session, const char *name) {
    return (int)SSL_set_tlsext_host_name(session, name);
}

// SHA-256 without EVP, whose contexts cost more than the rows that are hashed; OpenSSL 3 would rather have EVP used.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
static inline void copenssl_sha256_begin(SHA256_CTX *context) { SHA256_Init(context); }
static inline void copenssl_sha256_add(SHA256_CTX *context, const void *bytes, size_t count) {
    SHA256_Update(context, bytes, count);
}
static inline void copenssl_sha256_end(SHA256_CTX *context, unsigned char *digest) { SHA256_Final(digest, context); }
#pragma clang diagnostic pop
