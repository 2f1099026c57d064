#!/bin/sh
# Makes the certificates of the TLS tests: an authority, two server identities, one that has expired, and a client.
# They last a hundred years and open nothing; run this again only to change them.
set -eu
cd "$(dirname "$0")"
days=36500

authority() { # name
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $days -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.pem" -addext "basicConstraints=critical,CA:TRUE" 2>/dev/null
}

identity() { # name, alternative name, extended key usage, days
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$2" "$3" > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA authority.pem -CAkey authority.key -CAcreateserial -days "$4" \
        -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

authority authority
authority stranger
identity first DNS:localhost,IP:127.0.0.1 serverAuth $days
identity second DNS:localhost,IP:127.0.0.1 serverAuth $days
identity expired DNS:localhost serverAuth -1
identity client email:worker@callpath.test clientAuth $days
rm -f authority.key authority.srl
chmod 600 ./*.key
