import ArgumentParser
import FleetCore
import Foundation
import Logging

/// How log lines are written.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// Writes one log line to standard error, as text or as one JSON object.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    let label: String
    let format: LogFormat

    init(label: String, format: LogFormat) {
        self.label = label
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        for (key, value) in event.metadata ?? [:] { all[key] = value }
        let time = Timestamp(microseconds: Timestamp.now().microseconds / 1000 * 1000)
        switch format {
        case .text:
            let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            Console.standardError("\(time) \(event.level.rawValue) \(event.message)\(details)")
        case .json:
            var object: [String: String] = ["time": time.description, "level": event.level.rawValue]
            object["message"] = event.message.description
            for (key, value) in all where object[key] == nil { object[key] = value.description }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            // Strings alone always encode.
            if let data = try? encoder.encode(object) { Console.standardError(String(decoding: data, as: UTF8.self)) }
        }
    }
}
