#ifndef FLOTILLA_MALLOC_H
#define FLOTILLA_MALLOC_H

/* mallopt(3), which Swift's Glibc module leaves out. */
#include <features.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#endif
