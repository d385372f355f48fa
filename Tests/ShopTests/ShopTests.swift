import Foundation
import Testing

/// The example shop, run as a user runs it, on every kind of store that this build knows.
@Suite(.serialized) struct ShopTests {
    enum Store: String, CaseIterable, Sendable {
        case sqlite
        #if Postgres
            case postgres
        #endif
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Where this test's own program was built, and with it those of the package.
    private static let programs = Bundle.main.bundleURL

    private func program(_ name: String, on store: Store, data: URL, seconds: Int? = nil) -> Program {
        var environment = [
            "SHOP_STORE": store.rawValue, "SHOP_DATA": data.path, "SHOP_SEED": "7", "SHOP_RATE": "40",
            "FLOTILLA_BIN": Self.programs.path,
        ]
        environment["SHOP_SECONDS"] = seconds.map(String.init) ?? ""
        return Program(path: Self.root.appendingPathComponent("Examples/shop/\(name)").path, environment: environment)
    }

    /// Carries what is under way, and compares the views with the stores of those who own the data. It takes hold of the
    /// fleet: so the shop has let go of it.
    /// - Returns: how many orders there are.
    private func compare(on store: Store, data: URL) async throws -> Int {
        let check = try await program("check", on: store, data: data).run()
        #expect(check.status == 0, "\(check.output)")
        let equal = try #require(
            check.output.firstMatch(
                of: /equal: (\d+) orders, (\d+) order lines, (\d+) orders to reserve, (\d+) parcels/),
            "\(check.output)")
        let numbers = try [equal.1, equal.2, equal.3, equal.4].map { try #require(Int($0)) }
        #expect(numbers[1] >= numbers[0] && numbers[2] == numbers[1] && numbers[3] == numbers[0])
        return numbers[0]
    }

    @Test(.timeLimit(.minutes(4)), arguments: Store.allCases)
    func theReadModelEqualsADirectJoinAndGoesOnAfterAnEnd(on store: Store) async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("shop-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }

        // Ctrl-C, once enough orders have gone all the way.
        let first = try await program("run", on: store, data: data).run { printed, process in
            let complete = printed.matches(of: /orders, (\d+) complete/).last.flatMap { Int($0.1) } ?? 0
            if complete >= 20 { process.interrupt() }
        }
        #expect(first.status == 0, "\(first.output)")
        #expect(first.output.contains("ended: "), "\(first.output)")
        try expectNoServer(in: data)
        let placed = try await compare(on: store, data: data)
        #expect(placed >= 20)

        // Again, until it ends by itself.
        let second = try await program("run", on: store, data: data, seconds: 3).run()
        #expect(second.status == 0, "\(second.output)")
        #expect(try await compare(on: store, data: data) > placed, "\(second.output)")
        try expectNoServer(in: data)
    }

    /// The shop's own PostgreSQL ends with it: a server that ended has removed its file.
    private func expectNoServer(in data: URL) throws {
        let cluster = data.appendingPathComponent("postgres/server/cluster")
        #expect(!FileManager.default.fileExists(atPath: cluster.appendingPathComponent("postmaster.pid").path))
    }
}
