import Control
import FleetCore
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Writes lines of the log to standard error, each as text or as one JSON object, and folds what comes again and again.
final class LogWriter: Sendable {
    let format: LogFormat
    private let folding = Mutex(LogFolding())

    init(format: LogFormat) { self.format = format }

    /// - Parameter fleet: what every line says that it is about.
    func logger(of fleet: FleetName) -> Logger {
        var logger = Logger(label: "flotilla") { _ in LineLogHandler { self.write($0) } }
        logger[metadataKey: "fleet"] = "\(fleet)"
        return logger
    }

    func write(_ line: LogLine) {
        let now = Timestamp.now()
        for line in folding.withLock({ $0.take(line, at: now) }) { tell(line, now) }
    }

    /// Says what came again in the minutes that are over.
    func writeDue() {
        let now = Timestamp.now()
        for line in folding.withLock({ $0.due(at: now) }) { tell(line, now) }
    }

    /// Says what came again and was not told, at the end.
    func end() {
        let now = Timestamp.now()
        for line in folding.withLock({ $0.end(at: now) }) { tell(line, now) }
    }

    private func tell(_ line: LogLine, _ now: Timestamp) {
        Console.standardError(Self.text(line, format, at: now))
    }

    static func text(_ line: LogLine, _ format: LogFormat, at now: Timestamp) -> String {
        let time = Timestamp(microseconds: now.microseconds / 1000 * 1000).description
        switch format {
        case .text:
            let details = line.metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            let again =
                line.repeated > 0
                ? " (\(line.repeated) \(line.repeated == 1 ? "time" : "times") more in the last minute)" : ""
            return VisibleText.of("\(time) \(line.level) \(line.message)\(again)\(details)")
        case .json:
            var object = ["time": time, "level": line.level, "message": line.message]
            if line.repeated > 0 { object["repeated"] = String(line.repeated) }
            for (key, value) in line.metadata where object[key] == nil { object[key] = value }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            // Strings alone always encode.
            return (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }
}

/// Has a run's log say what came again when its minute is over, also where nothing else is said.
struct LogFoldingService: Service {
    let writer: LogWriter

    func run() async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(1))) != nil { writer.writeDue() }
        }
    }
}
