import FleetCore
public import SQLTemplate
import Stores

/// What a view does on each type of event of one stream, compiled once.
public struct ViewProgram: Sendable {
    private let reactions: [String: CompiledReaction]

    /// - Parameter reactions: the templates of each event type.
    public init(_ reactions: [(type: String, template: SQLTemplate)]) {
        self.reactions = Dictionary(reactions.map { ($0.type, CompiledReaction($0.template)) }) { _, last in last }
    }

    /// Whether the view does anything on events of a type.
    public func reacts(to type: String) -> Bool { reactions[type] != nil }

    /// The fields that the program reads of an event, or why they cannot be read.
    typealias Fields = Result<[SQLValue], FleetError>

    /// Takes the fields out of payloads, ahead of the transaction that needs them. One entry an event; empty where the
    /// program does nothing on it.
    func fields(of events: some Sequence<Event>) -> [Fields] {
        events.map { event in
            guard let reaction = reactions[event.type] else { return .success([]) }
            do {
                return .success(try reaction.fields(of: event))
            } catch {
                return .failure(FleetError.wrapping(error))
            }
        }
    }

    /// The program's statements, prepared in one transaction.
    func session(in transaction: any StoreTransaction) -> Session {
        Session(program: self, transaction: transaction)
    }

    /// Runs reactions within one transaction; statements are prepared at their first use.
    struct Session {
        private let program: ViewProgram
        private let transaction: any StoreTransaction
        private var prepared: [String: Prepared] = [:]
        /// The type of the last event: most are of the same.
        private var last: (type: String, prepared: Prepared)?

        private struct Prepared {
            let reaction: CompiledReaction
            let statements: [any StoreStatement]
        }

        fileprivate init(program: ViewProgram, transaction: any StoreTransaction) {
            self.program = program
            self.transaction = transaction
        }

        /// Runs what the view does on an event; nothing where it does nothing.
        /// - Throws: `badEvent` where the payload is not JSON or lacks a field that a statement reads; `statement`
        ///   where a statement fails; other errors where the store does.
        /// - Parameter fields: what ``ViewProgram/fields(of:)`` took out of the event, where that was done before.
        mutating func run(_ event: Event, fields known: Fields? = nil) throws {
            guard let prepared = try prepare(event.type) else { return }
            let reaction = prepared.reaction
            let fields = try known?.get() ?? reaction.fields(of: event)
            var values: [SQLValue] = []
            for index in prepared.statements.indices {
                values.removeAll(keepingCapacity: true)
                for parameter in reaction.statements[index].parameters { values.append(parameter.value(event, fields)) }
                try prepared.statements[index].run(values)
            }
        }

        private mutating func prepare(_ type: String) throws -> Prepared? {
            if let last, last.type == type { return last.prepared }
            let found: Prepared
            if let known = prepared[type] {
                found = known
            } else {
                guard let reaction = program.reactions[type] else { return nil }
                let statements = try reaction.statements.map { try transaction.prepare($0.sql) }
                found = Prepared(reaction: reaction, statements: statements)
                prepared[type] = found
            }
            last = (type, found)
            return found
        }
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
        case key, id, type, source, time

        func value(_ event: Event, _ fields: [SQLValue]) -> SQLValue {
            switch self {
            case .field(let index): fields[index]
            case .payload: .text(String(decoding: event.payload, as: UTF8.self))
            case .key: .text(event.key)
            case .id: .text(event.id.description)
            case .type: .text(event.type)
            case .source: .text(event.source)
            case .time: .text(event.time.description)
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
                    }
                })
        }
        self.paths = paths
        self.readsPayload = readsPayload
        reader = JSONFields(paths)
    }

    /// The values of all fields that the statements read; the payload is not looked at where there are none.
    func fields(of event: Event) throws -> [SQLValue] {
        if paths.isEmpty, !readsPayload { return [] }
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
