public import FleetCore
import FlowModel
public import Stores

/// Takes events into the journal of a flow, in the transaction that moves the cursor of their stream.
public struct FlowIntake: Sendable {
    private let plan: FlowPlan
    private let journal: FlowJournal
    private let readers: [FlowEventName: Reader]
    private let clock: FleetClock

    /// A key is no longer than this, and a field of the start event that is kept neither.
    public static let keyLimit = ByteCount(512)
    public static let fieldLimit = ByteCount.kibibytes(16)

    /// What is taken out of an event's payload.
    private struct Reader: Sendable {
        let key: FlowKey
        let fields: JSONFields
        /// The names of the fields behind the key's.
        let names: [String]
    }

    public init(_ plan: FlowPlan, clock: FleetClock = .system) {
        self.plan = plan
        self.clock = clock
        journal = FlowJournal(plan.definition.name)
        var readers: [FlowEventName: Reader] = [:]
        for station in plan.stations {
            var paths: [[String]] = []
            if case .field(let path) = station.event.key { paths.append(path) }
            let startPaths = station.role == .start ? plan.startPaths : []
            readers[station.name] = Reader(
                key: station.event.key,
                fields: JSONFields((paths + startPaths).map { JSONFieldPath($0) }, keepsNumbers: true),
                names: startPaths.map { $0.joined(separator: ".") })
        }
        self.readers = readers
    }

    /// The types that are taken from a service.
    public func types(of service: String) -> [String] {
        plan.stations.filter { $0.name.service == service }.map(\.name.type)
    }

    /// - Throws: `badEvent` for an event that has no key of the flow; what the store throws.
    public func take(_ event: Event, from service: String, in transaction: any StoreTransaction) throws {
        let name = FlowEventName(service: service, type: event.type)
        guard let reader = readers[name] else { return }
        let now = clock.now()
        let (key, arrival) = try read(event, name, reader)
        var machine = FlowMachine(plan, key: key, state: try journal.state(of: key, in: transaction), at: now)
        let before = machine.state
        _ = machine.handle(.event(arrival), at: now)
        if machine.state != before { try journal.save(machine.state, in: transaction) }
    }

    private func read(
        _ event: Event, _ name: FlowEventName, _ reader: Reader
    ) throws -> (key: String, arrival: FlowArrival) {
        var values: [JSONValue?] = []
        if reader.key != .event || !reader.names.isEmpty {
            do {
                values = try reader.fields.extract(from: event.payload)
            } catch {
                throw FleetError(
                    .badEvent, "the payload is not JSON: \(error)", remedy: "discard the event, or mend its writer")
            }
        }
        let key: (text: String, json: String)
        switch reader.key {
        case .event: key = (event.key, FlowText.quoted(event.key))
        case .field(let path):
            let value = values.removeFirst()
            guard let value, let found = Self.key(value) else {
                throw FleetError(
                    .badEvent,
                    "the payload has no text, number or truth value \(path.joined(separator: ".")), which is the key of"
                        + " flow \(plan.definition.name)",
                    remedy: "discard the event, or mend its writer or the flow's key")
            }
            key = found
        }
        guard !key.text.isEmpty, key.text.utf8.count <= Self.keyLimit.value else {
            throw FleetError(
                .badEvent, "the key of flow \(plan.definition.name) is empty, or longer than \(Self.keyLimit)",
                remedy: "discard the event, or mend its writer or the flow's key")
        }
        var fields: [String: String] = [:]
        for (name, value) in zip(reader.names, values) {
            let text = value.map { FlowText.json($0) } ?? "null"
            guard text.utf8.count <= Self.fieldLimit.value else {
                throw FleetError(
                    .badEvent, "\(name), which a timeout needs, is larger than \(Self.fieldLimit)",
                    remedy: "name a smaller part of it under on_timeout, or discard the event")
            }
            fields[name] = text
        }
        let isStart = name == plan.definition.start.name
        return (
            key.text,
            FlowArrival(
                name: name, id: event.id.description, time: event.time, keyJSON: isStart ? key.json : nil,
                fields: fields)
        )
    }

    /// - Returns: `nil` for what is no scalar.
    private static func key(_ value: JSONValue) -> (text: String, json: String)? {
        switch value {
        case .text(let text): (text, FlowText.quoted(text))
        case .boolean(let value): (value ? "true" : "false", value ? "true" : "false")
        case .json(let text):
            text.hasPrefix("{") || text.hasPrefix("[") ? nil : (text, text)
        case .integer, .real, .null: nil
        }
    }
}
