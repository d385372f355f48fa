public import FleetCore

/// Events that a service reads by a program of its own.
public struct ConsumerDefinition: Sendable {
    public var name: ViewName
    /// In the order of the file.
    public var events: [(service: ServiceName, type: EventType)]
    public var location: SourceLocation

    public init(name: ViewName, events: [(service: ServiceName, type: EventType)], location: SourceLocation) {
        self.name = name
        self.events = events
        self.location = location
    }

    /// The services whose streams it reads, each once, in the order of the file.
    public var sources: [ServiceName] {
        var seen: Set<ServiceName> = []
        return events.map(\.service).filter { seen.insert($0).inserted }
    }
}
