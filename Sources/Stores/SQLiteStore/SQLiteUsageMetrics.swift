import FleetCore
import SQLiteConnection
public import Signals

/// What Flotilla's own connections to a SQLite file tell.
enum SQLiteUsageMetrics {
    private static let labels = ["service", "connection"]

    static let lockWait = Metric(
        "flotilla.sqlite.lock.wait", .counter, .seconds, labels,
        "How long write transactions of the connection have waited for the file's lock.")
    static let refusals = Metric(
        "flotilla.sqlite.lock.refusals", .counter, .things("transaction"), labels,
        "Write transactions of the connection that did not get the lock within half a second.")
    static let cacheHits = Metric(
        "flotilla.sqlite.cache.hits", .counter, .things("page"), labels,
        "Pages that were found in the connection's cache.")
    static let cacheMisses = Metric(
        "flotilla.sqlite.cache.misses", .counter, .things("page"), labels,
        "Pages that the connection had to read.")
    static let cacheWrites = Metric(
        "flotilla.sqlite.cache.writes", .counter, .things("page"), labels, "Pages that the connection has written.")

    static let all = [lockWait, refusals, cacheHits, cacheMisses, cacheWrites]

    static func add(_ usage: SQLiteUsage, of connection: String, to readings: inout Readings) {
        readings.add(lockWait, labels: [connection], value: usage.lockWait.inSeconds)
        readings.add(refusals, labels: [connection], value: Double(usage.refusals))
        readings.add(cacheHits, labels: [connection], value: Double(usage.cacheHits))
        readings.add(cacheMisses, labels: [connection], value: Double(usage.cacheMisses))
        readings.add(cacheWrites, labels: [connection], value: Double(usage.cacheWrites))
    }
}

extension SQLiteStore: UsageSource {
    /// The connection that views and pushes share.
    public func usage() async throws -> Readings {
        var readings = Readings()
        SQLiteUsageMetrics.add(try await connection.usage(), of: "effects", to: &readings)
        return readings
    }
}

extension SQLiteOutbox: UsageSource {
    public func usage() async throws -> Readings {
        var readings = Readings()
        SQLiteUsageMetrics.add(try await reader.usage(), of: "capture", to: &readings)
        SQLiteUsageMetrics.add(try await writer.usage(), of: "settlement", to: &readings)
        return readings
    }
}
