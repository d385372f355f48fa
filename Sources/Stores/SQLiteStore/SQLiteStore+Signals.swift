import FleetCore
import Foundation
import SQLiteConnection
public import Signals
import Stores

extension SQLiteStore: SignalSource {
    private static let fileSize = Metric(
        "flotilla.sqlite.file.size", .gauge, .bytes, ["service"], "The size of the store's file.")
    private static let logSize = Metric(
        "flotilla.sqlite.wal.size", .gauge, .bytes, ["service"],
        "The size of the write-ahead log's file. It grows where a reader, or a long transaction, keeps it from being reused."
    )
    private static let freeSize = Metric(
        "flotilla.sqlite.free.size", .gauge, .bytes, ["service"],
        "Pages of the file that hold nothing: `VACUUM` gives them back.")

    public static var metrics: [Metric] { [fileSize, logSize, freeSize] }
    /// What its connections at work tell.
    public static var usageMetrics: [Metric] { SQLiteUsageMetrics.all }

    public func readings() async throws -> Readings {
        try connection.checkFileIsInPlace()
        let (size, free) = try await read { transaction in
            (
                try transaction.firstRow("PRAGMA page_size")?[0].integer,
                try transaction.firstRow("PRAGMA freelist_count")?[0].integer
            )
        }
        var readings = Readings()
        readings.add(Self.fileSize, value: Self.size(of: connection.path))
        // There is none where the last connection has left in order.
        readings.add(Self.logSize, value: Self.size(of: connection.path + "-wal") ?? 0)
        if let size, let free { readings.add(Self.freeSize, value: Double(size) * Double(free)) }
        return readings
    }

    private static func size(of path: String) -> Double? {
        var status = stat()
        return stat(path, &status) == 0 ? Double(status.st_size) : nil
    }
}
