import FleetCore
import FleetFile
import Foundation
import Overview
import Signals
import Testing

@testable import Control

/// What fills up, and what ends.
@Suite struct TimeBombTests {
    private static let mebibyte = 1024.0 * 1024

    private static func fleet() throws -> FleetDefinition {
        let text = """
            fleet: shop
            services:
              shop: {store: "sqlite:data/shop.db", publishes: [Sold]}
            """
        let reader = FleetFileReader(environment: [:], storeSchemes: ["sqlite"], brokerEngines: ["embedded"])
        return try #require(reader.read(text: text, path: "/fleets/shop/fleet.yaml").definition)
    }

    private static func bombs(_ fleet: FleetDefinition, _ registry: SignalRegistry) -> [FleetOverview.Bomb] {
        OverviewBuilder(fleet, SlotOwners(fleet), OverviewReadings(registry.read()), OverviewSampler.Rates()).bombs()
    }

    // MARK: Disks

    @Test(
        arguments: [
            (100 * 1024, 50 * 1024, .good), (100 * 1024, 9 * 1024, .warning), (100 * 1024, 2 * 1024, .bad),
            (4 * 1024, 900, .warning), (512, 200, .bad), (4 * 1024, 0, .bad),
        ] as [(Double, Double, FleetOverview.Level)])
    func aDiskThatFillsUpIsToldBeforeItIsFull(_ size: Double, _ free: Double, _ level: FleetOverview.Level) throws {
        let registry = SignalRegistry()
        registry.gauge(FleetMetrics.diskFree).series("store shop").set(free * Self.mebibyte)
        registry.gauge(FleetMetrics.diskSize).series("store shop").set(size * Self.mebibyte)
        let bombs = Self.bombs(try Self.fleet(), registry)
        #expect(bombs.map(\.what) == ["disk use"] && bombs.map(\.of) == ["store shop"], "\(bombs)")
        #expect(bombs.first?.level == level && bombs.first?.limit == size * Self.mebibyte, "\(bombs)")
        #expect(bombs.first?.value == (size - free) * Self.mebibyte && bombs.first?.cure.isEmpty == false)
    }

    @Test func placesOnOneDiskAreOne() throws {
        let registry = SignalRegistry()
        for (place, free) in [("store shop", 10.0), ("broker", 10), ("state", 10), ("store far", 700)] {
            registry.gauge(FleetMetrics.diskFree).series(place).set(free * Self.mebibyte)
            registry.gauge(FleetMetrics.diskSize).series(place).set(1000 * Self.mebibyte)
        }
        let bombs = Self.bombs(try Self.fleet(), registry)
        #expect(bombs.map(\.of) == ["broker, state and 1 more", "store far"], "\(bombs)")
    }

    @Test func theFleetsPlacesAreItsFilesDirectories() throws {
        var fleet = try Self.fleet()
        #expect(fleet.diskPlaces.map(\.name) == ["store shop", "broker", "state"])
        #expect(fleet.diskPlaces.first?.directory == "/fleets/shop/data")
        fleet.broker.nats = NATSDefinition(servers: [])
        #expect(fleet.diskPlaces.map(\.name) == ["store shop", "state"])
        let rooms = DiskLook.rooms(at: [
            DiskPlace(name: "here", directory: FileManager.default.currentDirectoryPath),
            DiskPlace(name: "nowhere", directory: "/nowhere/at/all"), DiskPlace(name: "no disk", directory: "/proc"),
        ])
        #expect(Array(rooms.keys) == ["here"], "\(rooms)")
        let here = try #require(rooms["here"])
        #expect(here.free >= 0 && here.free < here.size && here.size > Self.mebibyte)
    }

    // MARK: Streams

    @Test(arguments: [(40, nil), (79, .good), (81, .warning), (96, .bad)] as [(Double, FleetOverview.Level?)])
    func aStreamNearItsLimitIsTold(_ size: Double, _ level: FleetOverview.Level?) throws {
        var fleet = try Self.fleet()
        fleet.broker.retention = RetentionDefinition(size: .mebibytes(10), limit: .mebibytes(100))
        let registry = SignalRegistry()
        registry.gauge(FleetMetrics.streamSize).series("shop-shop").set(size * Self.mebibyte)
        let bombs = Self.bombs(fleet, registry)
        #expect(bombs.map(\.level) == [level].compactMap(\.self), "\(bombs)")
        #expect(bombs.allSatisfy { $0.what == "stream size" && $0.of == "shop-shop" })
        #expect(bombs.allSatisfy { $0.limit == 100 * Self.mebibyte })
        // What is kept of every stream is no trouble.
        fleet.broker.retention.size = .mebibytes(99)
        #expect(Self.bombs(fleet, registry).isEmpty)
    }

    // MARK: Secrets

    @Test func whatEndsIsToldBeforeItDoes() throws {
        let registry = SignalRegistry()
        let role = "password of PostgreSQL role shop at db.example:5432"
        for (name, days) in [("JWT of broker.credentials", 3.0), (role, 20)] {
            registry.gauge(FleetMetrics.secretExpiry).series(name).set(days * 86_400)
        }
        let bombs = Self.bombs(try Self.fleet(), registry)
        #expect(bombs.map(\.what) == ["secret ends", "secret ends"], "\(bombs)")
        #expect(bombs.map(\.of) == ["JWT of broker.credentials", role] && bombs.map(\.level) == [.bad, .warning])
        #expect(bombs[0].cure.contains("nsc") && bombs[1].cure.contains("ALTER ROLE"))
    }

    // MARK: Ids of transactions

    @Test func multixactIdsThatRunOutAreTold() throws {
        let registry = SignalRegistry()
        let age = Metric("flotilla.postgresql.multixact.id.age", .gauge, .none, ["service"], "")
        registry.gauge(age).series("shop").set(1_700_000_000)
        let bombs = Self.bombs(try Self.fleet(), registry)
        #expect(bombs.map(\.what) == ["multixact id age"] && bombs.map(\.level) == [.bad], "\(bombs)")
    }
}
