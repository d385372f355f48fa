import FleetCore
import Logging
import OTLP
import Synchronization

/// Lines of the log on their way to a collector: folded, as those that are written.
final class ExportedLog: Sendable {
    private let folding = Mutex(LogFolding())
    private let sink: @Sendable (OTLPLogRecord) -> Void

    init(sink: @escaping @Sendable (OTLPLogRecord) -> Void) { self.sink = sink }

    func take(_ line: LogLine) {
        let now = Timestamp.now()
        export(folding.withLock { $0.take(line, at: now) }, now)
    }

    /// Exports what came again in the minutes that are over.
    func takeDue() {
        let now = Timestamp.now()
        export(folding.withLock { $0.due(at: now) }, now)
    }

    /// Exports what came again and was not told, at the end.
    func end() {
        let now = Timestamp.now()
        export(folding.withLock { $0.end(at: now) }, now)
    }

    private func export(_ lines: [LogLine], _ now: Timestamp) {
        for line in lines {
            sink(
                OTLPLogRecord(
                    at: now, level: Logger.Level(rawValue: line.level) ?? .info, line.message,
                    metadata: line.metadata, repeated: line.repeated))
        }
    }
}
