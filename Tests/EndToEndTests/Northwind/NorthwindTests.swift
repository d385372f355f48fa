import TestKit
import Testing

/// A real trading company, split into three services: the read model is what a join of the three tables would be.
@Suite(.serialized, .lanes) struct NorthwindTests {
    @Test(.enabled(if: Northwind.directory != nil)) func readModelIsTheDirectJoin() async throws {
        let directory = try #require(Northwind.directory)
        let northwind = try Northwind.load(from: directory)
        #expect(northwind.customers.count == 91)
        #expect(northwind.products.count == 77)
        #expect(northwind.orders.count == 830)
        #expect(northwind.orders.map(\.lines.count).reduce(0, +) == 2155)
        #expect(northwind.revenueInCents == 126_579_304)

        let company = try await TradingCompany.found(northwind, seed: RandomSource(for: "Northwind").seed)
        let run = try await company.fleet.startRun()
        try await company.work(company.stepsToCome / 2)
        run.send(2)
        #expect(try await run.end() == .code(0))
        try await company.work()
        #expect(company.rolledBack > 50)
        try await company.expectExact()

        let store = try company.store(of: .orders)
        let lines = try await company.bookedLines(store)
        #expect(Set(lines.map(\.orderID)).count == 830)
        #expect(lines.count == 2155)
        #expect(Northwind.cents(lines.map(\.line)) == 126_579_304)
        let current = Set(northwind.customers.map(\.name))
        #expect(lines.allSatisfy { $0.customerName.map(current.contains) == true })
        for service in TradingHistory.Service.allCases {
            #expect(try await company.store(of: service).integer("SELECT count(*) FROM outbox") == 0)
        }
    }
}
