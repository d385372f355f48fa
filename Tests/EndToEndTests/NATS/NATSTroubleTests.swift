#if NATS
    import Foundation
    import TestKit
    import Testing

    /// What can be wrong with NATS is told by `flotilla status`, stays told, and goes when its cause goes.
    @Suite(.lanes) struct NATSFleetTroubleTests {
        private func fleet(_ broker: String) throws -> FleetDirectory {
            try FleetDirectory(
                """
                fleet: f
                broker: \(broker)
                services:
                  shop: {store: "sqlite:shop.db", publishes: [Sold]}
                  reports:
                    store: sqlite:reports.db
                    views:
                      sold:
                        schema: CREATE TABLE sold (key TEXT, n TEXT)
                        when: {shop.Sold: "INSERT INTO sold VALUES (:key, :data.n)"}
                """)
        }

        private func sell(_ number: Int, in fleet: FleetDirectory) async throws {
            let done = try await fleet.flotilla("publish", "shop", "Sold", "--key", "k", "--data", "{\"n\": \(number)}")
            #expect(done.ended(0), "\(done.said)")
        }

        private func expect(_ count: Int, in fleet: FleetDirectory) async throws {
            let store = try fleet.store("reports.db")
            try await eventually("\(count) are sold") { try await store.integer("SELECT count(*) FROM sold") == count }
            let order = "SELECT n FROM sold ORDER BY rowid"
            #expect(try await store.texts(order) == (1...count).map(String.init))
        }

        private func told(_ words: String, in fleet: FleetDirectory) async throws -> FleetDirectory.Result {
            try await eventually("status says \(words)") {
                let status = try await fleet.flotilla("status")
                return status.said.contains(words) ? status : nil
            }
        }

        @Test func aPasswordThatIsWrongIsToldAndNotShown() async throws {
            let server = try await NATSServer(settings: "authorization { user: ann, password: sesame }")
            let fleet = try fleet("{engine: nats, url: \"nats://ann:${WORD}@127.0.0.1:\(server.port)\"}")
            let right = ["WORD": "sesame"]
            #expect(try await fleet.flotilla("apply", environment: right).ended(0))
            let wrong = try await fleet.flotilla("status", environment: ["WORD": "swordfish"])
            #expect(wrong.said.contains("does not let us in"), "\(wrong.said)")
            #expect(!wrong.said.contains("swordfish"), "\(wrong.said)")
            let run = try fleet.start("run", environment: ["WORD": "swordfish"])
            try await eventually("run says it") { run.errors.contains("does not let us in") }
            #expect(!run.errors.contains("swordfish"), "\(run.errors)")
            run.send(SIGINT)
            _ = try await run.end()
            let done = try await fleet.flotilla("run", "--until-idle", environment: right)
            #expect(done.ended(0), "\(done.said)")
            #expect(!done.said.contains("sesame"), "\(done.said)")
        }

        @Test func credentialsOfAnOperatorLetAFleetInAndOthersAreTold() async throws {
            let authority = NATSOperator()
            let server = try await NATSServer(settings: try authority.settings())
            let fleet = try fleet("{engine: nats, url: \"\(server.url)\", credentials: fleet.creds}")
            try fleet.write(try authority.credentials(), to: "fleet.creds")
            #expect(try await fleet.flotilla("apply").ended(0))
            let run = try await fleet.startRun()
            try await sell(1, in: fleet)
            try await expect(1, in: fleet)
            run.send(SIGINT)
            #expect(try await run.end() == .code(0), "\(run.errors)")
            let wrong = try NATSOperator().credentials()
            try fleet.write(wrong, to: "fleet.creds")
            let status = try await told("does not let us in", in: fleet)
            #expect(status.said.contains("credentials file"), "\(status.said)")
            let seed = try #require(wrong.split(separator: "\n").first { $0.hasPrefix("SU") })
            let token = try #require(wrong.split(separator: "\n").first { $0.hasPrefix("eyJ") })
            #expect(!status.said.contains(seed) && !status.said.contains(token), "\(status.said)")
            try await sell(2, in: fleet)
            try fleet.write(try authority.credentials(), to: "fleet.creds")
            let done = try await fleet.flotilla("run", "--until-idle")
            #expect(done.ended(0), "\(done.said)")
            try await expect(2, in: fleet)
        }

        @Test func aServerThatIsAwayOrHasNoJetStreamIsWaitedFor() async throws {
            let server = try await NATSServer()
            let fleet = try fleet("\(server.url)")
            #expect(try await fleet.flotilla("apply").ended(0))
            let run = try await fleet.startRun()
            try await sell(1, in: fleet)
            try await expect(1, in: fleet)
            server.kill()
            try await sell(2, in: fleet)
            _ = try await told("is nats-server running there?", in: fleet)
            server.reconfigure { $0.replacingOccurrences(of: "jetstream {", with: "#jetstream {") }
            try await server.start()
            _ = try await told("start nats-server with JetStream", in: fleet)
            server.kill()
            server.reconfigure { $0.replacingOccurrences(of: "#jetstream {", with: "jetstream {") }
            try await server.start()
            try await expect(2, in: fleet)
            let status = try await fleet.flotilla("status")
            #expect(!status.said.contains("!"), "\(status.said)")
            run.send(SIGINT)
            #expect(try await run.end() == .code(0))
        }

        @Test func theProcessThatIsKilledGoesOnWhereItWas() async throws {
            let server = try await NATSServer()
            let fleet = try fleet("\(server.url)")
            #expect(try await fleet.flotilla("apply").ended(0))
            for number in 1...6 {
                let run = try await fleet.startRun()
                try await sell(number, in: fleet)
                if number % 2 == 0 { try await expect(number, in: fleet) }
                run.kill()
                try await run.end()
            }
            let done = try await fleet.flotilla("run", "--until-idle")
            #expect(done.ended(0), "\(done.said)")
            try await expect(6, in: fleet)
        }

        @Test func topicsThatCannotBeSubjectsAreToldByCheck() async throws {
            let fleet = try FleetDirectory(
                """
                fleet: f
                broker: nats://127.0.0.1:4222
                services:
                  a: {store: "sqlite:a.db", publishes: [A], topic: "events.{type}"}
                  b: {store: "sqlite:b.db", publishes: [B], topic: "events.{aggregatetype}"}
                  c: {store: "sqlite:c.db", publishes: [C], topic: "{type}.c"}
                  d: {store: "sqlite:d.db", publishes: [D], topic: "d..{type}"}
                """)
            let check = try await fleet.flotilla("check")
            #expect(check.ended(1))
            for words in [
                "fleet.yaml:5:3", "services a and b would have their events on the same subjects", "fleet.yaml:6:3",
                "the first word of a topic is the same", "fleet.yaml:7:3", "two together",
            ] {
                #expect(check.said.contains(words), "\(words): \(check.said)")
            }
        }
    }
#endif
