import Logging
import Synchronization

/// Remembers what is logged.
final class TestLog: Sendable {
    struct Line: Sendable {
        var level: Logger.Level
        var message: String
        var metadata: [String: String]
    }

    private let lines = Mutex<[Line]>([])

    var all: [Line] { lines.withLock { $0 } }
    func with(_ part: String) -> [Line] { all.filter { $0.message.contains(part) } }
    var logger: Logger { Logger(label: "test") { _ in Handler(owner: self) } }

    private struct Handler: LogHandler {
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug
        let owner: TestLog

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let line = Line(
                level: event.level, message: event.message.description, metadata: all.mapValues { $0.description })
            owner.lines.withLock { $0.append(line) }
        }
    }
}
