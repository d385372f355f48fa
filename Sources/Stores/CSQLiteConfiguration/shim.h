#ifndef FLOTILLA_SQLITE_CONFIGURATION_H
#define FLOTILLA_SQLITE_CONFIGURATION_H

#include <sqlite3.h>

/* sqlite3_config() is variadic, which Swift does not import.
   Without memory statistics an allocation takes no process-wide lock (https://www.sqlite.org/c3ref/c_config_covering_index_scan.html).
   Fails, and changes nothing, once SQLite is in use. */
static inline int flotilla_sqlite_without_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

#endif
