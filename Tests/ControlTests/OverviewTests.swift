import FleetCore
import FleetFile
import Foundation
import HTTPServer
import Overview
import Page
import Signals
import TestKit
import Testing

@testable import Control

/// What an overview is made of.
@Suite struct OverviewTests {
    private static func fleet(_ services: Int) throws -> FleetDefinition {
        let text = LargeFleet.yaml(services: services, metrics: "127.0.0.1:0", page: "127.0.0.1:0")
        let reader = FleetFileReader(environment: [:], storeSchemes: ["sqlite"], brokerEngines: ["embedded"])
        return try #require(reader.read(text: text, path: "/fleets/large/fleet.yaml").definition)
    }

    /// Readings of a fleet in which much happens.
    private static func registry(_ fleet: FleetDefinition) -> SignalRegistry {
        let registry = SignalRegistry()
        for (number, (service, stream)) in fleet.publishers.enumerated() {
            let name = service.name.text
            registry.gauge(FleetMetrics.storeUp).series(name, "sqlite").set(true)
            registry.gauge(FleetMetrics.outboxDepth).series(name).set(number * 7)
            registry.gauge(FleetMetrics.outboxAge).series(name).set(0.123456 * Double(number % 13))
            registry.gauge(FleetMetrics.streamRecords).series(stream.description).set(123_456 + number)
            registry.gauge(FleetMetrics.streamSize).series(stream.description).set(98_765_432 + number)
            for operation in ["settle", "apply copy"] {
                let times = registry.histogram(FleetMetrics.storeDuration)
                    .series(name, "sqlite", operation, stream.description, "", "")
                for count in 1...50 { times.record(.microseconds(count * (300 + number))) }
            }
            registry.histogram(FleetMetrics.relayLatency).series(name).record(.milliseconds(3 + number))
        }
        for (_, name, sources) in fleet.subscriptions {
            for source in sources {
                let labels = [name.description, fleet.stream(of: source).description]
                registry.gauge(FleetMetrics.deliveryLagEvents).series(labels).set(12)
                registry.gauge(FleetMetrics.deliveryLag).series(labels).set(0.0345678)
                registry.histogram(FleetMetrics.deliveryLatency).series(labels).record(.milliseconds(17))
            }
        }
        return registry
    }

    private static func overview(_ fleet: FleetDefinition, _ registry: SignalRegistry) -> FleetOverview {
        var sampler = OverviewSampler()
        let now = ContinuousClock.now
        let readings = OverviewReadings(registry.read())
        _ = sampler.sample(
            OverviewSampler.totals(of: readings, work: []), OverviewSampler.distributions(of: readings), at: now)
        for (service, stream) in fleet.publishers {
            registry.histogram(FleetMetrics.storeDuration)
                .series(service.name.text, "sqlite", "settle", stream.description, "", "").record(.microseconds(1500))
        }
        let later = OverviewReadings(registry.read())
        let rates = sampler.sample(
            OverviewSampler.totals(of: later, work: []), OverviewSampler.distributions(of: later),
            at: now + OverviewSampler.window)
        var overview = FleetOverview(
            fleet: "large", broker: "embedded", version: "1", at: 1_800_000_000, isCarried: true)
        OverviewBuilder(fleet, SlotOwners(fleet), later, rates).fill(&overview)
        return overview
    }

    #if Postgres && NATS
        @Test func whatGrowsTowardsALimitAndWhatEndsIsToldWithItsCure() throws {
            let fleet = try Self.fleet(2)
            let registry = SignalRegistry()
            func tell(_ name: String, _ labels: [String], _ number: Double) throws {
                let metric = try #require(FleetSignals.metrics.first { $0.name == name }, "\(name)")
                registry.gauge(metric).series(labels).set(number)
            }
            let mebibyte = 1024.0 * 1024
            for (table, size, bloat) in [("orders", 1000.0, 700.0), ("lines", 1000, 300), ("small", 100, 90)] {
                try tell(StoreSignal.tableSize, ["service1", table], size * mebibyte)
                try tell(StoreSignal.tableBloat, ["service1", table], bloat * mebibyte)
            }
            for (service, seconds) in [("service1", 720.0), ("service2", 0)] {
                try tell(StoreSignal.archiveFailing, [service], seconds)
            }
            try tell(StoreSignal.standby, ["service2"], 1)
            try tell(StoreSignal.replicaBehind, ["service1", "second"], 2048 * mebibyte)
            try tell(StoreSignal.replicaLag, ["service1", "second"], 3)
            try tell(BrokerSignal.storageUsed, ["a:8222", "file"], 95 * mebibyte)
            try tell(BrokerSignal.storageLimit, ["a:8222", "file"], 100 * mebibyte)
            for (name, days) in [("page", 3.0), ("broker, as a client", 20), ("NATS at a:4222", 300), ("metrics", -1)] {
                try tell("flotilla.certificate.expiry", [name], days * 86_400)
            }
            var overview = FleetOverview(fleet: "large", broker: "nats", version: "1", at: 0, isCarried: true)
            OverviewBuilder(fleet, SlotOwners(fleet), OverviewReadings(registry.read()), OverviewSampler.Rates()).fill(
                &overview)
            let bombs = overview.bombs.map { "\($0.what) of \($0.of): \($0.level)" }
            #expect(
                Set(bombs) == [
                    "bloat of service1 orders: warning", "bloat of service1 lines: good",
                    "bloat of service1 small: good", "failing WAL archive of service1: warning",
                    "JetStream's storage of a:8222 file: bad", "certificate ends of page: bad",
                    "certificate ends of broker, as a client: warning", "certificate ends of metrics: bad",
                ], "\(bombs)")
            #expect(overview.bombs.allSatisfy { $0.value >= 0 && !$0.cure.isEmpty })
            #expect(overview.bombs.first { $0.of == "page" }?.cure.contains("start `flotilla run` again") == true)
            let replica = overview.strip.first { $0.what == "replica lag" }
            #expect(replica?.level == .warning && replica?.of == "service1 second")
            let standby = overview.stores.first { $0.name == "service2" }
            #expect(standby?.role.hasSuffix(", on a standby") == true && standby?.isStandby == true)
            // Of the other nothing is known.
            #expect(overview.stores.contains { $0.name == "service1" && $0.isStandby == nil })
        }

        /// Whatever a server says of itself, this process shows it and goes on.
        @Test(arguments: [1e300, -1e300, .infinity, .nan, Double(Int64.min), 9.3e18])
        func noNumberOfOthersEndsTheProcess(_ number: Double) throws {
            let fleet = try Self.fleet(2)
            let registry = SignalRegistry()
            let one = "x"
            for metric in FleetSignals.metrics where metric.kind == .gauge {
                registry.gauge(metric).series(metric.labels.map { $0 == "service" ? "service1" : one }).set(number)
                registry.gauge(metric).series(metric.labels.map { $0 == "service" ? "service2" : one })
                    .set(metric.name.hasSuffix("limit") ? 1 : number)
            }
            let overview = Self.overview(fleet, registry)
            #expect(overview.stores.count == 2)
            #expect(!PageDesk.json(overview).body.isEmpty)
        }
    #endif

    /// All that a browser fetches before it shows a fleet of 200 services.
    @Test func aLargeFleetsFirstPaintIsSmall() throws {
        let fleet = try Self.fleet(200)
        var overview = Self.overview(fleet, Self.registry(fleet))
        let values = (0..<360).map { Float($0 % 37) / 1000 }
        for index in overview.stores.indices { overview.stores[index].spark = Sparkline(low: values, high: values) }
        #expect(overview.stores.count == 200 && overview.streams.count == 200 && overview.readers.count == 200)
        let assets = [
            PageAssets.front(fleet: "large", pageToken: "", isSignedIn: false), PageAssets.style, PageAssets.script,
            PageAssets.icon,
        ]
        #expect(assets.allSatisfy { $0.count > 100 })
        let size = PageDesk.json(overview).body.count + assets.map(\.count).reduce(0, +)
        #expect(size < 300_000, "\(size) bytes")
    }

    @Test func ratesAndQuantilesAreOfTheLastTenSeconds() throws {
        let fleet = try Self.fleet(1)
        let overview = Self.overview(fleet, Self.registry(fleet))
        let store = overview.stores[0]
        #expect(store.operations == 0.1 && !store.isServerCount)
        // Of the hundred before nothing is told, only of the one since.
        let p99 = try #require(store.p99)
        #expect(p99 > 0.0013 && p99 < 0.0017, "\(p99)")
        #expect(store.level == .good && store.why.isEmpty)
    }

    @Test func theWorstComesFirst() throws {
        let fleet = try Self.fleet(4)
        let registry = Self.registry(fleet)
        registry.gauge(FleetMetrics.storeUp).series("service3", "sqlite").set(false)
        registry.gauge(FleetMetrics.parkedEvents).series("service4.copy", "large-service1", "parked").set(2)
        registry.gauge(FleetMetrics.outboxAge).series("service2").set(400)
        let overview = Self.overview(fleet, registry)
        #expect(overview.stores.map(\.name) == ["service2", "service3", "service4", "service1"])
        #expect(overview.stores.map(\.level) == [.bad, .bad, .warning, .good])
        #expect(overview.streams[0].why == ["the outbox's oldest event is 400 s old"])
        let strip = Dictionary(overview.strip.map { ($0.what, $0) }) { $1 }
        #expect(strip["outbox age"]?.of == "service2" && strip["outbox age"]?.level == .bad)
        #expect(strip["parked events"]?.value == 2 && strip["parked events"]?.of == "service4.copy")
        #expect(overview.level == .bad && overview.parked == 2)
    }

    /// What is not known is not invented.
    @Test func ofNothingNothingIsTold() throws {
        let fleet = try Self.fleet(1)
        var overview = FleetOverview(fleet: "f", broker: "embedded", version: "1", at: 0, isCarried: true)
        OverviewBuilder(fleet, SlotOwners(fleet), OverviewReadings([]), OverviewSampler.Rates()).fill(&overview)
        let store = overview.stores[0]
        #expect(store.p50 == nil && store.operations == nil && store.errors == nil && store.saturation == nil)
        #expect(overview.bombs.isEmpty && overview.streams[0].depth == nil && overview.readers[0].lag == nil)
        #expect(overview.strip.prefix(3).allSatisfy { $0.value == nil })
    }

    @Test func whatGrowsTowardsALimitIsTold() throws {
        let fleet = try Self.fleet(2)
        let registry = SignalRegistry()
        func gauge(_ name: String, _ labels: [String], _ values: [String], _ number: Double) {
            registry.gauge(Metric(name, .gauge, .none, labels, "")).series(values).set(number)
        }
        gauge(StoreSignal.transactionAge, ["service"], ["service1"], 1_700_000_000)
        gauge(StoreSignal.transactionAge, ["service"], ["service2"], 1_000)
        gauge(StoreSignal.oldestTransaction, ["service"], ["service1"], 700)
        gauge(StoreSignal.slotRetained, ["service", "slot"], ["service2", "s"], 6 * 1_073_741_824)
        gauge(StoreSignal.slotActive, ["service", "slot"], ["service2", "s"], 0)
        var overview = FleetOverview(fleet: "f", broker: "embedded", version: "1", at: 0, isCarried: true)
        OverviewBuilder(fleet, SlotOwners(fleet), OverviewReadings(registry.read()), OverviewSampler.Rates()).fill(
            &overview)
        #expect(overview.bombs.map(\.level) == [.bad, .warning, .warning, .good], "\(overview.bombs)")
        #expect(overview.bombs[0].what == "transaction id age" && overview.bombs[0].of == "service1")
        #expect(overview.strip.last?.what == "slot retains" && overview.strip.last?.level == .warning)
    }
}
