#!/bin/sh
# Makes a root, an authority below it, and a server's certificate below that: FOLDER/root.pem, server.pem (the server's
# certificate and the authority's), server.key. Valid for a year, with the place of a revocation list, as real ones have.
#   make-chain.sh FOLDER [rsa]
set -eu
mkdir -p "$1"
cd "$1"
kind="ec -pkeyopt ec_paramgen_curve:P-256"
[ "${2:-ec}" = ec ] || kind="rsa:2048"

# certificate NAME ISSUER: extensions come from standard input.
certificate() {
    cat >"$1.ext"
    # shellcheck disable=SC2086 # the options are split on purpose
    openssl req -newkey $kind -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 365 -extfile "$1.ext" \
        -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

# shellcheck disable=SC2086
openssl req -x509 -newkey $kind -nodes -days 365 -subj /CN=root -keyout root.key -out root.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
certificate authority root <<EXTENSIONS
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
EXTENSIONS
certificate server authority <<EXTENSIONS
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1
crlDistributionPoints=URI:http://localhost/callpath.crl
EXTENSIONS
cat authority.pem >>server.pem
chmod 600 ./*.key
