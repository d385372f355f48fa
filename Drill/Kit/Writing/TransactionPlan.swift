import DrillJudge
import FleetCore
import Stores
import TestKit

/// What a transaction is to do, decided before it begins.
struct TransactionPlan: Sendable {
    /// Events of one key, written together.
    struct Piece: Sendable {
        enum Savepoint: Sendable { case none, released, undone }

        var key: String
        var events: [(id: EventID, kind: WrittenEvent.Kind)]
        var savepoint = Savepoint.none
    }

    var id: String
    /// Ordered by key, so that no two writers wait for each other.
    var pieces: [Piece]
    /// Removes its own rows from the outbox again, as services do whose events are read from the log.
    var removesRows = false
    var isRolledBack = false

    /// Of one event.
    init(probe id: EventID) {
        self.id = "probe-\(id)"
        pieces = [Piece(key: DrillService.probeKey, events: [(id, .ordinary)])]
    }

    private static let sizes = [1, 1, 1, 1, 2, 5, 30]
    private static let largeSize = 1_500

    init(of service: DrillService, _ random: inout RandomSource) {
        func isOne(in count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
        id = Self.eventID(&random).description
        pieces = []
        if isOne(in: 40) {
            let (key, kind): (String, WrittenEvent.Kind) =
                isOne(in: 2) ? (DrillService.poisonKey, .poison) : (DrillService.undeclaredKey, .undeclared)
            pieces.append(Piece(key: key, events: [(Self.eventID(&random), isOne(in: 4) ? kind : .ordinary)]))
        }
        let count = Int.random(in: 1...3, using: &random)
        for key in DrillService.ordinaryKeys.shuffled(using: &random).prefix(count).sorted() {
            let size = isOne(in: 500) ? Self.largeSize : Self.sizes.randomElement(using: &random) ?? 1
            func piece(_ savepoint: Piece.Savepoint) -> Piece {
                Piece(
                    key: key, events: (0..<size).map { _ in (Self.eventID(&random), .ordinary) }, savepoint: savepoint)
            }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: pieces += [piece(.undone), piece(.none)]
            case 1: pieces.append(piece(.released))
            default: pieces.append(piece(.none))
            }
        }
        removesRows = service.capture == .log && isOne(in: 4)
        isRolledBack = isOne(in: 8)
    }

    private static func eventID(_ random: inout RandomSource) -> EventID {
        EventID(
            high: random.next() & ~0xF000 | 0x4000, low: random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    // MARK: Doing it

    /// Writes everything, in a transaction that is open.
    /// - Parameter transaction: gets what was written so far, whatever happens.
    func write(to transaction: inout WrittenTransaction, _ session: any StoreTransaction, of service: DrillService)
        throws
    {
        for piece in pieces {
            if piece.savepoint != .none { try session.script("SAVEPOINT piece") }
            let events = try write(piece, session, of: service)
            switch piece.savepoint {
            case .none: transaction.events += events
            case .released:
                transaction.events += events
                try session.script("RELEASE SAVEPOINT piece")
            case .undone:
                transaction.undone += events
                try session.script("ROLLBACK TO SAVEPOINT piece; RELEASE SAVEPOINT piece")
            }
        }
        if removesRows { try session.script("DELETE FROM outbox WHERE xmin = pg_current_xact_id()::xid") }
    }

    private func write(
        _ piece: Piece, _ session: any StoreTransaction, of service: DrillService
    ) throws -> [WrittenEvent] {
        // The row of the counter is locked up to the transaction's end: whoever counts next commits next.
        let counted = try session.firstRow(
            "UPDATE counters SET n = n + $1 WHERE key = $2 RETURNING n",
            [.integer(Int64(piece.events.count)), .text(piece.key)])
        guard let last = counted?[0].integer else { throw CheckFailure("there is no counter of key \(piece.key)") }
        let first = Int(last) - piece.events.count + 1
        let events = piece.events.enumerated().map { place, event in
            WrittenEvent(id: event.id, key: piece.key, version: first + place, kind: event.kind)
        }
        let json = SQLValue.text("[\(events.map(json).joined(separator: ","))]")
        if service.capture == .message {
            _ = try session.rows(service.outboxStatement, [json])
        } else {
            try session.run(service.outboxStatement, [json])
        }
        try session.run(service.journalStatement, [json])
        return events
    }

    /// Nothing in it needs an escape.
    private func json(_ event: WrittenEvent) -> String {
        let number = event.kind == .poison ? "" : "\"n\":\(event.version),"
        return """
            {"id":"\(event.id)","tx":"\(id)","key":"\(event.key)","n":\(event.version),\
            "type":"\(event.kind == .undeclared ? "Undeclared" : "Counted")","payload":{\(number)"tx":"\(id)"}}
            """
    }
}
