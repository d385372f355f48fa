public import FleetCore

/// One line of the log, before it is text.
public struct LogLine: Hashable, Sendable {
    public var level: String
    public var message: String
    public var metadata: [String: String]
    /// How often the line came again; told instead of so many lines.
    public var repeated = 0

    public init(level: String, message: String, metadata: [String: String]) {
        self.level = level
        self.message = message
        self.metadata = metadata
    }
}

/// Folds warnings and errors that come again and again: the first is told at once, and after each minute how often the same came
/// in that time. It stays quiet about what does not come again.
///
/// The same is what has the same words and metadata, whichever event or run of a flow it is about: nothing else that differs is
/// lost.
public struct LogFolding: Sendable {
    private struct Known {
        /// When the minute began.
        var since: Timestamp
        var repeated = 0
    }

    private var known: [LogLine: Known] = [:]

    public init() {}

    static let interval = Duration.seconds(60)
    /// Of more different lines at once each is told as it comes.
    static let limit = 1_000
    private static let folded: Set<String> = ["warning", "error", "critical"]
    /// Which event, or run, a line is about.
    private static let ofOneEvent = ["event", "key", "trace_id", "span_id"]

    /// - Returns: what is to be told now.
    public mutating func take(_ line: LogLine, at now: Timestamp) -> [LogLine] {
        let due = due(at: now)
        guard Self.folded.contains(line.level) else { return due + [line] }
        var same = line
        for key in Self.ofOneEvent { same.metadata[key] = nil }
        if known[same] != nil {
            known[same]?.repeated += 1
            return due
        }
        if known.count < Self.limit { known[same] = Known(since: now) }
        return due + [line]
    }

    /// What came again in the minutes that are over.
    public mutating func due(at now: Timestamp) -> [LogLine] {
        guard !known.isEmpty else { return [] }
        // A clock that went back begins the minute anew.
        for (line, entry) in known where now < entry.since { known[line]?.since = now }
        return tell(known.filter { now.elapsed(since: $0.value.since) >= Self.interval }.map(\.key), at: now)
    }

    /// What came again and was not told, at the end.
    public mutating func end(at now: Timestamp) -> [LogLine] {
        defer { known = [:] }
        return tell(Array(known.keys), at: now)
    }

    private mutating func tell(_ lines: [LogLine], at now: Timestamp) -> [LogLine] {
        lines.sorted { ($0.message, $0.level) < ($1.message, $1.level) }.compactMap { line in
            guard let entry = known.removeValue(forKey: line), entry.repeated > 0 else { return nil }
            known[line] = Known(since: now)
            var told = line
            told.repeated = entry.repeated
            return told
        }
    }
}
