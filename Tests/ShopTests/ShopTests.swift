import Foundation
import Testing

/// The example shop, run as a user runs it.
@Suite struct ShopTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Where this test's own program was built, and with it those of the package.
    private static let programs = Bundle.main.bundleURL

    private func program(_ name: String, _ arguments: [String] = [], data: URL, seconds: Int? = nil) -> Program {
        var environment = [
            "SHOP_DATA": data.path, "SHOP_SEED": "7", "SHOP_RATE": "40", "FLOTILLA_BIN": Self.programs.path,
        ]
        environment["SHOP_SECONDS"] = seconds.map(String.init) ?? ""
        return Program(path: name, arguments: arguments, environment: environment)
    }

    private func shop(data: URL, seconds: Int? = nil) -> Program {
        program(Self.root.appendingPathComponent("Examples/shop/run").path, data: data, seconds: seconds)
    }

    /// Carries what is under way, and compares the views with the stores of those who own the data.
    /// - Returns: how many orders there are.
    private func compare(data: URL) async throws -> Int {
        let fleet = Self.root.appendingPathComponent("Examples/shop/fleet.yaml").path
        let flotilla = Self.programs.appendingPathComponent("flotilla").path
        // It takes hold of the fleet: so the shop has let go of it.
        let rest = try await program(flotilla, ["run", "--until-idle", fleet], data: data).run()
        #expect(rest.status == 0, "\(rest.output)")
        let check = try await program(Self.root.appendingPathComponent("Examples/shop/check").path, data: data).run()
        #expect(check.status == 0, "\(check.output)")
        let equal = try #require(check.output.firstMatch(of: /equal: (\d+) orders, (\d+) order lines/))
        let (orders, lines) = (try #require(Int(equal.1)), try #require(Int(equal.2)))
        #expect(lines >= orders)
        return orders
    }

    @Test(.timeLimit(.minutes(4)))
    func theReadModelEqualsADirectJoinAndGoesOnAfterAnEnd() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("shop-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }

        // Ctrl-C, once enough orders have gone all the way.
        let first = try await shop(data: data).run { printed, process in
            let complete = printed.matches(of: /orders, (\d+) complete/).last.flatMap { Int($0.1) } ?? 0
            if complete >= 20 { process.interrupt() }
        }
        #expect(first.status == 0, "\(first.output)")
        #expect(first.output.contains("ended: "), "\(first.output)")
        let placed = try await compare(data: data)
        #expect(placed >= 20)

        // Again, until it ends by itself.
        let second = try await shop(data: data, seconds: 3).run()
        #expect(second.status == 0, "\(second.output)")
        #expect(try await compare(data: data) > placed, "\(second.output)")
    }
}
