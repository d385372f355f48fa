import FleetCore
import TestKit
import Testing

/// A view that is built anew, with the fleet at work and without.
@Suite(.serialized, .lanes) struct RebuildTests {
    private func company(_ name: String) async throws -> TradingCompany {
        let seed = RandomSource(for: name).seed
        return try await TradingCompany.found(try Northwind.available(seed: seed), seed: seed)
    }

    @Test func isExactWhileServicesWriteAndTheFleetRuns() async throws {
        let company = try await company("rebuild")
        try await company.work(300)
        let run = try await company.fleet.startRun()
        for round in 0..<6 {
            let name = round % 2 == 0 ? "order_book" : "orders.ledger"
            let rebuild = try company.fleet.start("views", "rebuild", name)
            while rebuild.ended == nil { try await during(.milliseconds(4)) { try await company.work(2) } }
            #expect(try await rebuild.end() == .code(0), "\(rebuild.errors)")
            #expect(rebuild.output.hasPrefix("rebuilt orders."))
        }
        try await company.work()
        run.send(15)
        #expect(try await run.end() == .code(0))
        try await company.expectExact()
    }

    @Test(arguments: [CrashPoint.rebuilt, .swapping]) func oldViewStaysWhereARebuildIsKilled(at point: CrashPoint)
        async throws
    {
        let company = try await company("rebuild killed at \(point.rawValue)")
        try await company.work(200)
        for _ in 1...3 {
            // A rebuild passes each point once, so it is killed in three rebuilds.
            try await company.work(50)
            try await company.expectExact()
            try await company.fleet.crash(at: point, pass: 1, ["views", "rebuild", "order_book"])
            try await company.expectExactNow("after a rebuild that was killed")
        }
        let again = try await company.fleet.flotilla("views", "rebuild", "order_book")
        #expect(again.ended(0), "\(again.said)")
        try await company.expectExactNow("after the next rebuild")
        try await company.work()
        try await company.expectExact()
    }

    @Test func oldViewStaysAndGoesOnWhereARebuildIsKilledWhileTheFleetRuns() async throws {
        let company = try await company("rebuild killed while running")
        try await company.work(200)
        let run = try await company.fleet.startRun()
        for point in [CrashPoint.rebuilt, .swapping] {
            try await company.fleet.crash(at: point, pass: 1, ["views", "rebuild", "order_book"]) {
                try await company.work(2)
            }
        }
        let again = try await company.fleet.flotilla("views", "rebuild", "order_book")
        #expect(again.ended(0), "\(again.said)")
        try await company.work()
        run.send(15)
        #expect(try await run.end() == .code(0))
        try await company.expectExact()
    }

    @Test func viewAddedLaterIsBuiltFromTheBeginning() async throws {
        let company = try await company("a view added later")
        try await company.work(500)
        try await company.expectExact()
        let more = """
              reports:
                store: sqlite:reports.db
                views:
                  placed:
                    schema: CREATE TABLE placed (order_id TEXT PRIMARY KEY);
                    when: {orders.OrderPlaced: "INSERT INTO placed VALUES (:key)"}
            """
        try company.fleet.write(TradingFleet(more: more).yaml)
        let early = try await company.fleet.flotilla("run", "--until-idle")
        #expect(early.ended(1))
        #expect(early.errors.contains("flotilla apply"))
        #expect(try await company.fleet.flotilla("apply").ended(0))
        try await company.work()
        try await company.expectExact()
        let placed = try await company.fleet.store("reports.db").texts("SELECT order_id FROM placed")
        let orders = try await company.store(of: .orders).texts("SELECT id FROM orders")
        #expect(Set(placed) == Set(orders))
        #expect(placed.count == orders.count)
    }

    @Test func changedStatementsTakeEffectWithARebuild() async throws {
        let fleet = try FleetDirectory(Self.prices(factor: 1))
        #expect(try await fleet.flotilla("apply").ended(0))
        let shop = try fleet.store("shop.db")
        for price in 1...5 {
            try await shop.publish(OutboxRow(key: "K\(price)", type: "Priced", payload: "{\"price\": \(price)}"))
        }
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await shop.integer("SELECT sum(price) FROM prices") == 15)

        try fleet.write(Self.prices(factor: 10))
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await shop.integer("SELECT sum(price) FROM prices") == 15)
        #expect(try await fleet.flotilla("views", "rebuild", "prices").ended(0))
        #expect(try await shop.integer("SELECT sum(price) FROM prices") == 150)
        try await shop.publish(OutboxRow(key: "K6", type: "Priced", payload: "{\"price\": 6}"))
        #expect(try await fleet.flotilla("run", "--until-idle").ended(0))
        #expect(try await shop.integer("SELECT sum(price) FROM prices") == 210)
    }

    @Test func streamThatWasCutIsSaid() async throws {
        let seed = RandomSource(for: "a cut stream").seed
        let company = try await TradingCompany.found(
            try Northwind.available(seed: seed), seed: seed, fleet: TradingFleet(broker: "retain: {age: 1ms}"))
        try await company.work(200)
        try await company.expectExact()
        // Retention works at the start.
        try await company.expectExact()
        let rebuild = try await company.fleet.flotilla("views", "rebuild", "ledger")
        #expect(rebuild.output.contains("has records only since"), "\(rebuild.said)")
    }

    private static func prices(factor: Int) -> String {
        """
        fleet: prices
        services:
          shop:
            store: sqlite:shop.db
            publishes: [Priced]
            views:
              prices:
                schema: CREATE TABLE prices (key TEXT PRIMARY KEY, price INTEGER NOT NULL);
                when: {shop.Priced: "INSERT INTO prices VALUES (:key, :data.price * \(factor))"}
        """
    }
}
