#ifndef FLOTILLA_LIBPQ_H
#define FLOTILLA_LIBPQ_H

#include <libpq-fe.h>

#endif
