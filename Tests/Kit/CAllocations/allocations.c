#include "allocations.h"

#include <stddef.h>
#include <stdlib.h>

/*
 * Functions in front of the C library's own, which every library of a test program then calls ("Replacing malloc" in
 * its manual). Unlike the memory in use before and after, a count shows what is freed at once as well, and it repeats
 * exactly. Only glibc names its own functions; a sanitizer has put functions in front already.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FLOTILLA_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(FLOTILLA_SANITIZED)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static _Thread_local long allocations = 0;

void *malloc(size_t size) {
    allocations += 1;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations += 1;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    allocations += 1;
    return __libc_realloc(memory, size);
}

long flotilla_allocations(void) { return allocations; }

#else

long flotilla_allocations(void) { return -1; }

#endif
