#ifndef FLOTILLA_LIBNATS_H
#define FLOTILLA_LIBNATS_H

#include <nats/nats.h>
/* libnats signs with an nkey's seed, but does not tell the public key that belongs to it. */
#include <openssl/evp.h>

#endif
