#!/bin/sh
# What the container runs: makes a certificate where none was given, then becomes the server.
# A server that can be reached from beyond its machine takes no connection without TLS.
set -eu

tls="${ACTOR_SHELL_TLS_DIR:-/tls}"
certificate="$tls/certificate.pem"
key="$tls/key.pem"

if [ ! -s "$certificate" ] || [ ! -s "$key" ]; then
  echo "making a certificate in $tls for localhost and actor-shell" >&2
  umask 077
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 \
    -subj "/CN=actor-shell" -addext "subjectAltName=DNS:localhost,DNS:actor-shell,IP:127.0.0.1" \
    -keyout "$key" -out "$certificate" 2>/dev/null
  chmod 644 "$certificate"
fi

exec "${ACTOR_SHELL_BINARY:-actor-shell}" --data-dir "${ACTOR_SHELL_DATA_DIR:-/data}" serve \
  --listen "${ACTOR_SHELL_LISTEN:-0.0.0.0:7777}" --tls-cert "$certificate" --tls-key "$key" \
  --allow-host actor-shell "$@"
