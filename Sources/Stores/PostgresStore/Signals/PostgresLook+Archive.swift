#if Postgres
    import FleetCore
    import Stores
    import Synchronization

    /// Whether a server archives its log, where it is told to: what is not archived cannot be restored, and stays until it is.
    extension PostgresLook {
        /// When the archiver began to fail, in seconds since 1970; `nil` while it does not.
        struct ArchiveMemory {
            var failingSince: Double?
        }

        func archive() throws -> [Reading] {
            // A standby archives only where it is told to do so always.
            let row = try transaction.firstRow(
                """
                SELECT a.archived_count, a.failed_count,
                    extract(epoch FROM clock_timestamp())::float8,
                    extract(epoch FROM coalesce(a.last_archived_time, a.stats_reset))::float8,
                    extract(epoch FROM a.last_failed_time)::float8,
                    coalesce(a.last_failed_time > a.last_archived_time, a.last_failed_time IS NOT NULL)
                FROM pg_stat_archiver a
                WHERE current_setting('archive_mode') = 'always'
                    OR current_setting('archive_mode') = 'on' AND NOT pg_is_in_recovery()
                """)
            guard let row, let now = row[2].number else {
                memory.state.withLock { $0.archive = nil }
                return []
            }
            let (archived, failed) = (row[3].number, row[4].number)
            let isFailing = row[5] == .boolean(true)
            let since = memory.state.withLock { state -> Double? in
                // Who saw it work knows that it failed at the last failure first; who comes later, that it has since it worked.
                let begun =
                    isFailing ? state.archive.map { $0.failingSince ?? failed ?? now } ?? archived ?? failed : nil
                state.archive = ArchiveMemory(failingSince: begun)
                return begun
            }
            return [
                (PostgresMetrics.archiveSegments, [], row[0]), (PostgresMetrics.archiveFailures, [], row[1]),
                (PostgresMetrics.archiveAge, [], archived.map { .real(max(0, now - $0)) } ?? .null),
                (PostgresMetrics.archiveFailing, [], .real(since.map { max(0, now - $0) } ?? 0)),
            ]
        }
    }
#endif
