import FleetCore
public import Stores

/// What Flotilla's own tables must do in every store: inbox, cursors and parked events, as checks that run on one
/// implementation.
///
/// Each check needs a store of its own that has these tables, and nothing in them.
public struct RecordConformance: Sendable {
    /// One check, by name.
    public struct Check: Sendable, CustomStringConvertible {
        /// What must be.
        public let description: String
        private let body: @Sendable (RecordConformance) async throws -> Void

        init(_ description: String, _ body: @escaping @Sendable (RecordConformance) async throws -> Void) {
            self.description = description
            self.body = body
        }

        /// Runs it on a store with empty tables.
        public func run(_ suite: RecordConformance) async throws { try await body(suite) }
    }

    /// All of them.
    public static let checks = inboxChecks + parkingChecks

    let store: any Store

    public init(_ store: any Store) { self.store = store }

    static let stream = StreamName(fleet: FleetName(unchecked: "northwind"), service: ServiceName(unchecked: "orders"))
}

extension EventID {
    static func numbered(_ number: Int) -> EventID {
        EventID(high: 0x0192_F3A4_5B6C_7000, low: 0x8000_0000_0000_0000 | UInt64(number))
    }
}
