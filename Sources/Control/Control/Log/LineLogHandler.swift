public import Logging

/// Hands what is logged to whoever takes lines.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let take: @Sendable (LogLine) -> Void

    public init(level: Logger.Level = .info, take: @escaping @Sendable (LogLine) -> Void) {
        logLevel = level
        self.take = take
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        for (key, value) in event.metadata ?? [:] { all[key] = value }
        take(
            LogLine(
                level: event.level.rawValue, message: event.message.description,
                metadata: all.mapValues { $0.description }))
    }
}
