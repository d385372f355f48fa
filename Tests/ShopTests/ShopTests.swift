import Foundation
import Testing

/// The example shop, run as a user runs it, on every kind of store and broker that this build knows.
@Suite(.serialized) struct ShopTests {
    struct Kind: Sendable, CustomStringConvertible {
        var store: String
        var broker: String

        var description: String { "\(store), \(broker)" }

        static var all: [Kind] {
            var stores = ["sqlite"]
            #if Postgres
                stores.append("postgres")
            #endif
            var kinds = stores.map { Kind(store: $0, broker: "embedded") }
            #if NATS
                kinds += stores.map { Kind(store: $0, broker: "nats") }
            #endif
            return kinds
        }
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Where this test's own program was built, and with it those of the package.
    private static let programs = Bundle.main.bundleURL

    private func program(_ name: String, on kind: Kind, data: URL, seconds: Int? = nil, variant: String = "flow")
        -> Program
    {
        var environment = [
            "SHOP_STORE": kind.store, "SHOP_BROKER": kind.broker, "SHOP_DATA": data.path, "SHOP_SEED": "7",
            "SHOP_RATE": "20", "SHOP_VARIANT": variant,
            "FLOTILLA_BIN": Self.programs.path,
        ]
        environment["SHOP_SECONDS"] = seconds.map(String.init) ?? ""
        return Program(path: Self.root.appendingPathComponent("Examples/shop/\(name)").path, environment: environment)
    }

    /// Carries what is under way, and compares the views with the stores of those who own the data. It takes hold of the
    /// fleet: so the shop has let go of it.
    /// - Returns: how many orders there are.
    private func compare(on kind: Kind, data: URL) async throws -> Int {
        let check = try await program("check", on: kind, data: data).run()
        #expect(check.status == 0, "\(check.output)")
        let equal = try #require(
            check.output.firstMatch(
                of: /equal: (\d+) orders, (\d+) order lines, (\d+) orders to reserve, (\d+) parcels/),
            "\(check.output)")
        let numbers = try [equal.1, equal.2, equal.3, equal.4].map { try #require(Int($0)) }
        #expect(numbers[1] >= numbers[0] && numbers[2] == numbers[1] && numbers[3] == numbers[0])
        let flows = try #require(
            check.output.firstMatch(of: /flows: (\d+) orders shipped, (\d+) under way\n/), "\(check.output)")
        #expect(try #require(Int(flows.1)) + #require(Int(flows.2)) == numbers[0])
        return numbers[0]
    }

    @Test(.timeLimit(.minutes(20)), arguments: Kind.all)
    func theReadModelEqualsADirectJoinAndGoesOnAfterAnEnd(on kind: Kind) async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("shop-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }

        // Ctrl-C, once enough orders have gone all the way.
        let first = try await program("run", on: kind, data: data).run { printed, process in
            let complete = printed.matches(of: /orders, (\d+) complete/).last.flatMap { Int($0.1) } ?? 0
            if complete >= 20 { process.interrupt() }
        }
        #expect(first.status == 0, "\(first.output)")
        #expect(first.output.contains("ended: "), "\(first.output)")
        try expectNoServer(in: data)
        let placed = try await compare(on: kind, data: data)
        #expect(placed >= 20)

        // Again, until it ends by itself.
        let second = try await program("run", on: kind, data: data, seconds: 3).run()
        #expect(second.status == 0, "\(second.output)")
        #expect(try await compare(on: kind, data: data) > placed, "\(second.output)")
        try expectNoServer(in: data)
    }

    /// A saga places the orders: all or nothing of each, as the seed says, also where the shop ended in the midst of it.
    @Test(.timeLimit(.minutes(20)), arguments: Kind.all.filter { $0.store == "sqlite" })
    func aSagaPlacesOrdersAsTheSeedSays(on kind: Kind) async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("shop-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }

        // Ctrl-C, once enough sagas have ended either way; others are under way then.
        let first = try await program("run", on: kind, data: data, variant: "saga").run { printed, process in
            let undone = printed.matches(of: /(\d+) compensated/).last.flatMap { Int($0.1) } ?? 0
            let done = printed.matches(of: /(\d+) completed/).last.flatMap { Int($0.1) } ?? 0
            if undone >= 5 && done >= 20 { process.interrupt() }
        }
        #expect(first.status == 0 && first.output.contains("ended: "), "\(first.output)")
        let placed = try await judge(on: kind, data: data)
        #expect(placed >= 25)

        let second = try await program("run", on: kind, data: data, seconds: 3, variant: "saga").run()
        #expect(second.status == 0, "\(second.output)")
        #expect(try await judge(on: kind, data: data) > placed, "\(second.output)")
        try expectNoServer(in: data)
    }

    /// Lets the sagas end, and holds what became of the orders against the seed.
    /// - Returns: how many orders there are.
    private func judge(on kind: Kind, data: URL) async throws -> Int {
        let check = try await program("check", on: kind, data: data, variant: "saga").run()
        #expect(check.status == 0, "\(check.output)")
        let views = try #require(check.output.firstMatch(of: /equal: (\d+) orders, \d+ order lines/), "\(check.output)")
        let outcomes = try #require(
            check.output.firstMatch(
                of: /right outcomes.*: (\d+) orders confirmed.*, (\d+) out of stock, (\d+) with a declined card/),
            "\(check.output)")
        let numbers = try [outcomes.1, outcomes.2, outcomes.3].map { try #require(Int($0)) }
        let orders = try #require(Int(views.1))
        #expect(numbers.reduce(0, +) == orders && numbers.allSatisfy { $0 > 0 })
        return orders
    }

    /// The shop's own servers end with it: one that ended has removed its file.
    private func expectNoServer(in data: URL) throws {
        let paths = FileManager.default.enumerator(atPath: data.path)?.compactMap { $0 as? String } ?? []
        let left = paths.filter { $0.hasSuffix("/postmaster.pid") || $0.hasSuffix(".ports") }
        #expect(left.isEmpty, "\(left)")
    }
}
