public import FleetCore
public import SQLTemplate
public import Stores

/// What somebody does with an event, in a transaction of their store. What it throws is undone; it may be run again.
public typealias EventHandler = @Sendable (Event, any StoreTransaction) throws -> Void

/// What a view, or another reader, does on each type of event of one stream, compiled once.
public struct ViewProgram: Sendable {
    private enum Reaction: Sendable {
        case statements(CompiledReaction)
        case handler(EventHandler)
    }

    private let reactions: [Reaction]
    /// The number of each event type's reaction.
    private let numbers: [String: Int]

    /// - Parameter reactions: the templates of each event type.
    public init(_ reactions: [(type: String, template: SQLTemplate)]) {
        self.reactions = reactions.map { .statements(CompiledReaction($0.template)) }
        numbers = Dictionary(reactions.enumerated().map { ($1.type, $0) }) { _, last in last }
    }

    /// - Parameter handlers: the handler of each event type. An error that it throws is the event's fault, and has it parked,
    ///   unless it is one of the store's.
    public init(handlers: [(type: String, handler: EventHandler)]) {
        reactions = handlers.map { .handler($0.handler) }
        numbers = Dictionary(handlers.enumerated().map { ($1.type, $0) }) { _, last in last }
    }

    /// What the program does on some events, worked out ahead of the transaction in which it is done: which statements,
    /// with which values.
    struct Effects: Sendable {
        struct Effect {
            /// What the effect is of, by its number among the events.
            var event: Int
            var reaction: Int
            /// The values of the first of its statements; those of the others follow.
            var firstParameters: Int
        }

        /// In the order of the events, but for those on which the program does nothing.
        fileprivate(set) var effects: [Effect] = []
        fileprivate var parameters: [[SQLValue]] = []
        /// Why the values of an effect cannot be had, by its number.
        fileprivate var failures: [Int: FleetError] = [:]
        /// What is handed to a handler, by the effect's number.
        fileprivate var handed: [Int: Event] = [:]
    }

    func effects(of events: some Sequence<Event>) -> Effects {
        var result = Effects()
        // Most events are of the type of the one before.
        var last: (type: String, reaction: Int?)?
        for (index, event) in events.enumerated() {
            let number = last?.type == event.type ? last?.reaction : numbers[event.type]
            last = (event.type, number)
            guard let number else { continue }
            let effect = Effects.Effect(event: index, reaction: number, firstParameters: result.parameters.count)
            switch reactions[number] {
            case .statements(let reaction):
                do {
                    try reaction.appendParameters(of: event, to: &result.parameters)
                } catch {
                    result.failures[result.effects.count] = FleetError.wrapping(error)
                }
            case .handler:
                result.handed[result.effects.count] = event
            }
            result.effects.append(effect)
        }
        return result
    }

    /// The program's statements, prepared in one transaction at their first use.
    func session(in transaction: any StoreTransaction) -> Session {
        Session(program: self, transaction: transaction)
    }

    struct Session {
        private let program: ViewProgram
        private let transaction: any StoreTransaction
        /// Of each reaction; empty until it is used.
        private var statements: [[any StoreStatement]]

        fileprivate init(program: ViewProgram, transaction: any StoreTransaction) {
            self.program = program
            self.transaction = transaction
            statements = [[any StoreStatement]](repeating: [], count: program.reactions.count)
        }

        /// Runs what the view does on an event; nothing where it does nothing.
        /// - Throws: as ``run(_:_:)``.
        mutating func run(_ event: Event) throws {
            let effects = program.effects(of: CollectionOfOne(event))
            for number in effects.effects.indices { try run(number, effects) }
        }

        /// Runs one effect, and does not return before the store has said that its statements are done.
        /// - Throws: `badEvent` where the payload is not JSON or lacks a field that a statement reads; `statement`
        ///   where a statement fails; other errors where the store does.
        mutating func run(_ number: Int, _ effects: Effects) throws {
            try forEachStatement(of: number, effects) { _ = try $0.run($1) }
        }

        /// Runs one effect; what its statements throw may be thrown later, at latest by the transaction's commit.
        mutating func submit(_ number: Int, _ effects: Effects) throws {
            try forEachStatement(of: number, effects) { try $0.submit($1) }
        }

        @inline(__always) private mutating func forEachStatement(
            of number: Int, _ effects: Effects, _ body: (any StoreStatement, [SQLValue]) throws -> Void
        ) throws {
            if let failure = effects.failures[number] { throw failure }
            let effect = effects.effects[number]
            if let event = effects.handed[number] { return try handle(event, effect.reaction) }
            if statements[effect.reaction].isEmpty, case .statements(let reaction) = program.reactions[effect.reaction]
            {
                statements[effect.reaction] = try reaction.statements.map { try transaction.prepare($0.sql) }
            }
            for index in statements[effect.reaction].indices {
                try body(statements[effect.reaction][index], effects.parameters[effect.firstParameters + index])
            }
        }

        private func handle(_ event: Event, _ reaction: Int) throws {
            guard case .handler(let handler) = program.reactions[reaction] else { return }
            do {
                try handler(event, transaction)
            } catch let error as FleetError where Self.storeCodes.contains(error.code) {
                throw error
            } catch {
                throw FleetError(
                    .badEvent, "the handler of \(event.type) failed: \(error)",
                    remedy: "mend the handler or the event's writer, or discard the event")
            }
        }

        /// What a store throws: trying again helps, or the event is parked as where a statement of a view fails.
        private static let storeCodes: Set<FleetError.Code> = [
            .busy, .full, .readOnly, .corrupt, .missing, .unavailable, .denied, .statement, .badEvent,
            .conflictingTransactions, .cancelled, .bug,
        ]
    }
}

/// The statements of one event type.
private struct CompiledReaction: Sendable {
    struct Statement: Sendable {
        let sql: String
        let parameters: [Slot]
    }

    /// Where a parameter's value comes from.
    enum Slot: Sendable {
        case field(Int)
        case payload
        case key, id, type, source, time, traceParent

        func value(_ event: Event, _ fields: [SQLValue]) -> SQLValue {
            switch self {
            case .field(let index): fields[index]
            case .payload: .text(String(decoding: event.payload, as: UTF8.self))
            case .key: .text(event.key)
            case .id: .text(event.id.description)
            case .type: .text(event.type)
            case .source: .text(event.source)
            case .time: .text(event.time.description)
            case .traceParent: event.traceParent.map { .text($0) } ?? .null
            }
        }
    }

    let statements: [Statement]
    private let paths: [JSONFieldPath]
    private let reader: JSONFields
    private let readsPayload: Bool

    init(_ template: SQLTemplate) {
        var paths: [JSONFieldPath] = []
        var readsPayload = false
        statements = template.statements.map { statement in
            Statement(
                sql: statement.sql,
                parameters: statement.parameters.map { parameter in
                    switch parameter {
                    case .data(let path) where path.components.isEmpty:
                        readsPayload = true
                        return .payload
                    case .data(let path):
                        if let known = paths.firstIndex(of: path) { return .field(known) }
                        paths.append(path)
                        return .field(paths.count - 1)
                    case .key: return .key
                    case .id: return .id
                    case .type: return .type
                    case .source: return .source
                    case .time: return .time
                    case .traceParent: return .traceParent
                    }
                })
        }
        self.paths = paths
        self.readsPayload = readsPayload
        reader = JSONFields(paths)
    }

    /// Appends the values of each statement's parameters; nothing where it throws.
    func appendParameters(of event: Event, to parameters: inout [[SQLValue]]) throws {
        let fields = try fields(of: event)
        for statement in statements { parameters.append(statement.parameters.map { $0.value(event, fields) }) }
    }

    /// The values of all fields that the statements read; the payload is not looked at where there are none.
    private func fields(of event: Event) throws -> [SQLValue] {
        if paths.isEmpty, !readsPayload { return [] }
        guard event.hasData else {
            throw FleetError(
                .badEvent, "the event has no payload", remedy: "discard the event, or mend its writer or the view")
        }
        let found: [JSONValue?]
        do {
            found = try reader.extract(from: event.payload)
        } catch {
            throw FleetError(
                .badEvent, "the payload is not JSON: \(error)", remedy: "discard the event, or mend its writer")
        }
        var values: [SQLValue] = []
        values.reserveCapacity(found.count)
        for (index, value) in found.enumerated() {
            guard let value else {
                throw FleetError(
                    .badEvent, "the payload has no field \(paths[index])", remedy: "discard the event, or mend the view"
                )
            }
            values.append(SQLValue(value))
        }
        return values
    }
}

extension SQLValue {
    fileprivate init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .real(let value): self = .real(value)
        case .text(let value), .json(let value): self = .text(value)
        }
    }
}
