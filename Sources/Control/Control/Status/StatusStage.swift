import FleetCore

/// A stage on the way of a stream's events.
public struct StatusStage: Codable, Sendable {
    /// How many events have ever reached it; null where nobody can tell at the moment.
    public var events: Int64?
    /// How many have reached the stage before, and not this one.
    public var lagEvents: Int?
    /// The age of the oldest of those, in seconds; 0 where there are none.
    public var lagSeconds: Double?

    enum CodingKeys: String, CodingKey {
        case events, lagEvents = "lag_events", lagSeconds = "lag_seconds"
    }

    /// Every key is there, also where its value is null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(events, forKey: .events)
        try container.encode(lagEvents, forKey: .lagEvents)
        try container.encode(lagSeconds, forKey: .lagSeconds)
    }

    /// - Parameter oldest: when the oldest of `lag` events occurred, as far as it is known.
    init(events: Int64? = nil, lag: Int? = nil, oldest: Timestamp? = nil) {
        self.events = events
        lagEvents = lag
        lagSeconds = lag == 0 ? 0 : oldest.map { Self.age($0) }
    }

    /// In seconds, to the millisecond.
    static func age(_ time: Timestamp) -> Double {
        max(0, (Timestamp.now().elapsed(since: time).inSeconds * 1000).rounded() / 1000)
    }
}

/// What a broker holds of a stream.
public struct StatusRecords: Codable, Sendable {
    /// The position of the oldest record that is still there, or of the next to come if there is none.
    public var first: Int64
    /// The position of the newest record ever appended; 0 if there was none.
    public var last: Int64
    /// How many are there.
    public var count: Int64
    public var bytes: Int
    /// When the oldest and the newest of them were appended; null where there is none.
    public var firstTime: String?
    public var lastTime: String?

    enum CodingKeys: String, CodingKey {
        case first, last, count, bytes, firstTime = "first_time", lastTime = "last_time"
    }

    /// Every key is there, also where its value is null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(first, forKey: .first)
        try container.encode(last, forKey: .last)
        try container.encode(count, forKey: .count)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(firstTime, forKey: .firstTime)
        try container.encode(lastTime, forKey: .lastTime)
    }
}
