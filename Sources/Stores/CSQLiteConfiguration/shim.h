#ifndef FLOTILLA_SQLITE_CONFIGURATION_H
#define FLOTILLA_SQLITE_CONFIGURATION_H

#include <sqlite3.h>

/* sqlite3_config() is variadic, which Swift does not import.
   Without memory statistics an allocation takes no process-wide lock (https://www.sqlite.org/c3ref/c_config_covering_index_scan.html).
   Without an initial allocation of its page cache a connection takes memory for the pages that it uses, and not for twenty, of
   which each is 16 KiB in a stream's file: a fleet has hundreds of connections.
   Fails, and changes nothing, once SQLite is in use. */
static inline int flotilla_sqlite_configure(void) {
    int result = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return result == SQLITE_OK ? sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)0, 0, 0) : result;
}

#endif
