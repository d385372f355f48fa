public import FleetCore
import Foundation
public import Stores

/// A transaction of a service's store at work. It lives within the closure that it was lent to.
public struct Transaction {
    let base: any StoreTransaction
    private let events: EventWriter
    /// The place in a trace that what is done here has, where no span says another.
    let trace: String?

    init(_ base: any StoreTransaction, events: EventWriter, trace: String? = nil) {
        self.base = base
        self.events = events
        self.trace = trace
    }

    /// Runs one statement, and returns how many rows it inserted, changed or deleted.
    ///
    /// - Parameters:
    ///   - sql: the statement, with parameters written `$1`, `$2`, …
    ///   - values: one for each parameter; bound, never pasted into the text.
    /// - Throws: `FleetError` with code `statement` where it fails.
    @discardableResult
    public func execute(_ sql: String, _ values: (any SQLValueConvertible)?...) throws -> Int {
        try base.run(sql, values.map { $0?.sqlValue ?? .null })
    }

    /// All rows of one statement.
    public func rows(_ sql: String, _ values: (any SQLValueConvertible)?...) throws -> [SQLRow] {
        try base.rows(sql, values.map { $0?.sqlValue ?? .null })
    }

    /// The first row of one statement, if there is any.
    public func firstRow(_ sql: String, _ values: (any SQLValueConvertible)?...) throws -> SQLRow? {
        try base.rows(sql, values.map { $0?.sqlValue ?? .null }).first
    }

    /// Runs statements that take no parameters: the service's DDL.
    public func script(_ sql: String) throws {
        try base.script(sql)
    }

    /// Publishes an event: it leaves the store if, and only if, the transaction commits.
    ///
    /// - Parameters:
    ///   - event: encoded as JSON.
    ///   - key: the aggregate's id. Events of one key arrive in commit order.
    ///   - traceParent: W3C Trace Context; by default the current span's (``TraceParent/current``), and in a consumer's handler
    ///     else that of the event at hand.
    /// - Returns: the event's id (UUID version 7).
    /// - Throws: `FleetError` with code `badEvent` where the event does not encode, `statement` where there
    ///   is no outbox.
    @discardableResult
    public func publish<Event: PublishableEvent>(
        _ event: Event, key: String, traceParent: String? = nil
    ) throws -> EventID {
        let payload: Data
        do {
            payload = try JSONEncoder().encode(event)
        } catch {
            throw FleetError(.badEvent, "an event of type \(Event.eventType) does not encode: \(error)")
        }
        let id = EventID.make()
        try events.write(
            id, type: Event.eventType, aggregateType: Event.aggregateType, key: key,
            payload: String(decoding: payload, as: UTF8.self),
            traceParent: try traceParent ?? usualTraceParent(), in: base)
        return id
    }

    private func usualTraceParent() throws -> String? {
        guard let text = TraceParent.current ?? trace, try events.takesTraceParents(in: base) else { return nil }
        return text
    }
}

/// An event that a service publishes, with its type's name in the fleet file.
public protocol PublishableEvent: Encodable, Sendable {
    /// The event's type, as `publishes` lists it.
    static var eventType: String { get }
    /// The aggregate's type; the service's name by default.
    static var aggregateType: String? { get }
}

extension PublishableEvent {
    public static var aggregateType: String? { nil }
}

/// A Swift value that a store can take as a parameter.
public protocol SQLValueConvertible: Sendable {
    var sqlValue: SQLValue { get }
}

extension SQLValue: SQLValueConvertible {
    public var sqlValue: SQLValue { self }
}

extension String: SQLValueConvertible {
    public var sqlValue: SQLValue { .text(self) }
}

extension Int: SQLValueConvertible {
    public var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLValueConvertible {
    public var sqlValue: SQLValue { .integer(self) }
}

extension Double: SQLValueConvertible {
    public var sqlValue: SQLValue { .real(self) }
}

extension Bool: SQLValueConvertible {
    public var sqlValue: SQLValue { .boolean(self) }
}

extension [UInt8]: SQLValueConvertible {
    public var sqlValue: SQLValue { .bytes(self) }
}

extension EventID: SQLValueConvertible {
    public var sqlValue: SQLValue { .text(description) }
}
