#ifndef FLOTILLA_ALLOCATIONS_H
#define FLOTILLA_ALLOCATIONS_H

/* How often the calling thread has allocated memory since it began; -1 where that cannot be counted. */
long flotilla_allocations(void);

#endif
