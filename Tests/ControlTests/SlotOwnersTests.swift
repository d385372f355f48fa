#if Postgres
    import FleetCore
    import FleetFile
    import Overview
    import Signals
    import Testing

    @testable import Control

    /// Of which store a replication slot is told.
    @Suite struct SlotOwnersTests {
        private static func fleet() throws -> FleetDefinition {
            let text = """
                fleet: bank
                services:
                  accounts: {store: {url: "postgres://a@db.example/bank", schema: accounts}, publishes: [Opened]}
                  ledger:
                    store: {url: "postgres://l@db.example:5432/bank", schema: ledger}
                    outbox: {capture: log}
                    publishes: [Booked]
                  far: {store: "postgres://db.elsewhere/bank", publishes: [Seen]}
                  near: {store: "sqlite:near.db", publishes: [Seen]}
                """
            let reader = FleetFileReader(
                environment: [:], storeSchemes: ["sqlite", "postgres"], brokerEngines: ["embedded"])
            return try #require(reader.read(text: text, path: "/fleets/bank/fleet.yaml").definition)
        }

        private func tellers(of slot: String, in fleet: FleetDefinition) throws -> [String] {
            let owners = SlotOwners(fleet)
            let metric = try #require(Connectors.slotMetrics.first)
            var readings = Readings()
            readings.add(metric, labels: [slot], value: 1)
            return fleet.services.map(\.name).filter { owners.tells(readings.readings[0], of: $0) }.map(\.text)
        }

        @Test func aSlotIsToldOfItsOwnServiceAndOneThatIsNobodysOnceInADatabase() throws {
            let fleet = try Self.fleet()
            // A store on another server has one of the same name, which is not the ledger's.
            #expect(try tellers(of: "flotilla_bank_ledger", in: fleet) == ["ledger", "far", "near"])
            #expect(try tellers(of: "strange", in: fleet) == ["accounts", "far", "near"])
        }

        @Test func whatIsShownNamesTheServerOfASlotThatIsNobodys() throws {
            let fleet = try Self.fleet()
            let registry = SignalRegistry()
            for (number, labels) in [["accounts", "strange"], ["ledger", "flotilla_bank_ledger"]].enumerated() {
                registry.gauge(Metric(StoreSignal.slotRetained, .gauge, .none, ["service", "slot"], "")).series(labels)
                    .set(Double(10 - number))
            }
            var overview = FleetOverview(fleet: "bank", broker: "embedded", version: "1", at: 0, isCarried: true)
            OverviewBuilder(fleet, SlotOwners(fleet), OverviewReadings(registry.read()), OverviewSampler.Rates()).fill(
                &overview)
            #expect(overview.bombs.map(\.of) == ["strange, at the server of accounts", "ledger flotilla_bank_ledger"])
            #expect(overview.strip.last?.of == "strange, at the server of accounts")
        }
    }
#endif
