import FleetCore
import FleetFile
import Overview
import Signals

/// What will break if nobody does anything.
extension OverviewBuilder {
    /// Only what is known: of each kind the worst three.
    func bombs() -> [FleetOverview.Bomb] {
        let kinds = [
            transactionAges(), multixactAges(), oldestTransactions(), retainedLogs(), failingArchives(), walFiles(),
            bloatedTables(), brokerStorage(), fullStreams(), disks(),
        ]
        let growing = kinds.flatMap { kind in
            kind.sorted { ($1.level, $1.value) < ($0.level, $0.value) }.prefix(3)
        }
        // Of what runs out, the least is the worst.
        let ends = [
            ending("certificate ends", FleetMetrics.certificateExpiry, cure: CertificateBoard.cure(of:)),
            ending("secret ends", FleetMetrics.secretExpiry, cure: SecretSource.cure(of:)),
        ].flatMap { kind in kind.sorted { $0.value < $1.value }.prefix(3) }
        return (growing + ends).sorted { ($1.level, $1.share) < ($0.level, $0.share) }
    }

    private func transactionAges() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.transactionAge).map { service, age in
            FleetOverview.Bomb(
                what: "transaction id age", of: service, value: age, unit: .things, limit: 2_146_000_000,
                level: age > 1_600_000_000 ? .bad : age > 1_000_000_000 ? .warning : .good,
                cure: "let autovacuum freeze the oldest tables, or VACUUM FREEZE them")
        }
    }

    private func multixactAges() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.multixactAge).map { service, age in
            FleetOverview.Bomb(
                what: "multixact id age", of: service, value: age, unit: .things, limit: 2_146_000_000,
                level: age > 1_600_000_000 ? .bad : age > 1_000_000_000 ? .warning : .good,
                cure: "let autovacuum freeze the oldest tables, or VACUUM FREEZE them")
        }
    }

    private func oldestTransactions() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.oldestTransaction).map { service, age in
            FleetOverview.Bomb(
                what: "oldest transaction", of: service, value: age.rounded4, unit: .seconds, limit: nil,
                level: age > 3600 ? .bad : age > 300 ? .warning : .good,
                cure: "find it in pg_stat_activity or pg_prepared_xacts, and end it")
        }
    }

    /// The log that a server keeps for a slot, or for an outbox, and where Flotilla calls it an error.
    private func retainedLogs() -> [FleetOverview.Bomb] {
        let active = Dictionary(
            readings.series(StoreSignal.slotActive).compactMap { one in one.number.map { (one.labels, $0) } }
        ) { $1 }
        return readings.series(StoreSignal.slotRetained).compactMap { series in
            guard let bytes = series.number, let service = series.labels.first else { return nil }
            let limit = fleet.services.first { $0.name.text == service }.map {
                Double($0.outbox.maximumRetainedLog.value)
            }
            let share = limit.map { bytes / max(1, $0) } ?? 0
            let isRead = active[series.labels] != 0
            return FleetOverview.Bomb(
                what: "retained log", of: slots.place(series.labels), value: bytes, unit: .bytes,
                limit: limit,
                level: share > 0.9 ? .bad : share > 0.5 || (!isRead && share > 0.1) ? .warning : .good,
                cure: isRead ? "see what its reader waits for" : "nobody reads the slot: start its reader, or drop it")
        }
    }

    /// One that is tried again and succeeds is no trouble.
    private func failingArchives() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.archiveFailing).compactMap { service, seconds in
            guard seconds > 0 else { return nil }
            return FleetOverview.Bomb(
                what: "failing WAL archive", of: service, value: seconds.rounded4, unit: .seconds, limit: nil,
                level: seconds > 900 ? .bad : seconds > 60 ? .warning : .good,
                cure:
                    "see in the server's log why archiving fails: what is not archived cannot be restored, and is kept")
        }
    }

    private func walFiles() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.walSize).compactMap { service, bytes in
            guard bytes > Self.usualLog else { return nil }
            return FleetOverview.Bomb(
                what: "write-ahead log", of: service, value: bytes, unit: .bytes, limit: nil,
                level: bytes > 16 * Self.usualLog ? .bad : .warning,
                cure: "end the reader, or the transaction, that keeps it from being reused")
        }
    }

    /// Room that rows have left is used again, and is no trouble before it is much of a table, and much.
    private func bloatedTables() -> [FleetOverview.Bomb] {
        let sizes = readings.numbers(StoreSignal.tableSize)
        return readings.series(StoreSignal.tableBloat).compactMap { series in
            guard let bytes = series.number, let size = sizes[series.labels], size > 0, bytes > Self.usualLog else {
                return nil
            }
            return FleetOverview.Bomb(
                what: "bloat", of: series.labels.joined(separator: " "), value: bytes, unit: .bytes, limit: size,
                level: bytes / size > 0.5 && bytes > Self.muchBloat ? .warning : .good,
                cure: "see that autovacuum keeps up; VACUUM FULL or pg_repack gives the room back")
        }
    }

    private func brokerStorage() -> [FleetOverview.Bomb] {
        let limits = readings.numbers(BrokerSignal.storageLimit)
        return readings.series(BrokerSignal.storageUsed).compactMap { series in
            guard let bytes = series.number, bytes > 0, let limit = limits[series.labels], limit > 0 else { return nil }
            return FleetOverview.Bomb(
                what: "JetStream's storage", of: series.labels.joined(separator: " "), value: bytes, unit: .bytes,
                limit: limit, level: bytes / limit > 0.9 ? .bad : bytes / limit > 0.75 ? .warning : .good,
                cure: "give JetStream more, or retain less")
        }
    }

    /// What of a stream is more than retention keeps is there because somebody has not read it.
    private func fullStreams() -> [FleetOverview.Bomb] {
        let retention = fleet.broker.retention
        let (kept, limit) = (Double(retention.size.value), Double(retention.limit.value))
        let usual = max(kept < limit ? kept : 0, limit / 2)
        return readings.series(FleetMetrics.streamSize).compactMap { series in
            guard let bytes = series.number, let stream = series.labels.first, limit > 0, bytes > usual else {
                return nil
            }
            return FleetOverview.Bomb(
                what: "stream size", of: stream, value: bytes, unit: .bytes, limit: limit,
                level: bytes / limit > 0.95 ? .bad : bytes / limit > 0.8 ? .warning : .good,
                cure: "see in `flotilla status` who is behind, or raise `limit` of `broker`: there publishing stops")
        }
    }

    /// Places on one disk fill up together, and are told as one.
    private func disks() -> [FleetOverview.Bomb] {
        let left = readings.numbers(FleetMetrics.diskFree)
        var places: [DiskRoom: [String]] = [:]
        for (labels, size) in readings.numbers(FleetMetrics.diskSize) {
            guard let free = left[labels], let place = labels.first, size > 0 else { continue }
            places[DiskRoom(free: free, size: size), default: []].append(place)
        }
        return places.map { room, places in
            let names = places.sorted()
            let others = names.count > 2 ? " and \(names.count - 2) more" : ""
            let (free, share) = (room.free, room.free / room.size)
            return FleetOverview.Bomb(
                what: "disk use", of: names.prefix(2).joined(separator: ", ") + others, value: room.size - free,
                unit: .bytes, limit: room.size,
                level: share < 0.03 || free < Self.hardlyRoom
                    ? .bad : share < 0.1 || free < Self.littleRoom ? .warning : .good,
                cure: "remove what is not needed, or give it more: where it is full, nothing is written any more")
        }
    }

    /// What ends by itself, by a metric that tells how long it has left.
    private func ending(
        _ what: String, _ metric: Metric, cure: (String) -> String
    ) -> [FleetOverview.Bomb] {
        readings.series(metric).compactMap { series in
            guard let left = series.number, let name = series.labels.first else { return nil }
            return FleetOverview.Bomb(
                what: what, of: name, value: max(0, left.rounded4), unit: .seconds, limit: nil,
                level: ExpiryBoard.isVerySoon(left) ? .bad : ExpiryBoard.isSoon(left) ? .warning : .good,
                cure: cure(name))
        }
    }

    /// So much room of a table is worth an operator's time.
    private static var muchBloat: Double { 256 * 1024 * 1024 }
    /// So little room is little on any disk, and so little is hardly any.
    private static var littleRoom: Double { 1024 * 1024 * 1024 }
    private static var hardlyRoom: Double { 256 * 1024 * 1024 }
    /// Beyond, SQLite's log is not what checkpoints leave.
    private static var usualLog: Double { 64 * 1024 * 1024 }
}

extension StoreSignal {
    fileprivate static let multixactAge = "flotilla.postgresql.multixact.id.age"
}

extension FleetOverview.Bomb {
    fileprivate var share: Double { limit.map { value / $0 } ?? 0 }
}
