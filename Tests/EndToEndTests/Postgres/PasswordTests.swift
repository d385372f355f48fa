#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// A server that refuses the password.
    @Suite(.lanes) struct PasswordTests {
        private struct Guarded {
            let server: PrivatePostgres
            let database: String
            let fleet: FleetDirectory
            let url: String
        }

        private static let right = ["PGPASSWORD": "right"]
        private static let wrong = ["PGPASSWORD": "wrong"]

        private func guarded(sharedState: Bool) async throws -> Guarded {
            let server = try await PrivatePostgres()
            let database = try await server.makeDatabase()
            try server.psql(
                database,
                "CREATE ROLE app LOGIN REPLICATION PASSWORD 'right'; GRANT CREATE ON DATABASE \(database) TO app")
            try server.requirePassword(of: "app")
            let url = server.tcpURL(database, user: "app")
            let fleet = try FleetDirectory(
                """
                fleet: guarded
                state: \(sharedState ? "\"\(url)\"" : ".flotilla")
                services:
                  ledger:
                    store: {url: "\(url)", schema: ledger}
                    outbox: {capture: log}
                    publishes: [Booked]
                    views:
                      seen:
                        schema: CREATE TABLE seen (number INT)
                        when: {ledger.Booked: "INSERT INTO seen VALUES (:data.number)"}
                """)
            try await eventually("the password is asked for") {
                try server.psql(
                    "postgres", "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256'") == "2"
            }
            return Guarded(server: server, database: database, fleet: fleet, url: url)
        }

        @Test func aServiceFileSaysWhereAndAsWhom() async throws {
            let guarded = try await guarded(sharedState: false)
            let fleet = try FleetDirectory(
                """
                fleet: guarded
                services: {ledger: {store: {url: "postgres://?service=books", schema: ledger}, publishes: [Booked]}}
                """)
            func service(_ password: String) throws -> [String: String] {
                let lines = [
                    "[books]", "host=127.0.0.1", "port=\(guarded.server.port)", "dbname=\(guarded.database)",
                    "user=app",
                    "password=\(password)",
                ]
                try fleet.write(lines.joined(separator: "\n") + "\n", to: "services.conf")
                return ["PGSERVICEFILE": fleet.file("services.conf")]
            }
            let refused = try await fleet.flotilla("plan", environment: try service("zqwrong"))
            #expect(refused.ended(69) && !refused.said.contains("zqwrong"), "\(refused.said)")
            let applied = try await fleet.flotilla("apply", environment: try service("right"))
            #expect(applied.ended(0), "\(applied.said)")
        }

        @Test(arguments: [false, true], [false, true]) func everyCommandEndsAlikeWhereItIsRefused(
            sharedState: Bool, isApplied: Bool
        ) async throws {
            let guarded = try await guarded(sharedState: sharedState)
            if isApplied {
                let applied = try await guarded.fleet.flotilla("apply", environment: Self.right)
                #expect(applied.ended(0), "\(applied.said)")
            }
            var commands = [["status"], ["plan"], ["run", "--until-idle"], ["apply"]]
            // A store that refuses is waited for, as one that is away; what is not set up, or cannot be read, is not.
            if sharedState || !isApplied { commands.insert(["run"], at: 2) }
            for words in commands {
                let program = try guarded.fleet.start(words, environment: Self.wrong)
                let ending = try await program.end()
                let said = program.output + program.errors
                #expect(ending == .code(69), "\(words): \(ending) \(said)")
                #expect(said.contains("the server refuses the password"), "\(words): \(said)")
                if words[0] == "run" { #expect(!said.contains("flotilla apply"), "\(said)") }
                if ["plan", "apply"].contains(words[0]) {
                    for line in said.split(separator: "\n") where line.contains("refuses") {
                        #expect(line.components(separatedBy: "postgres://").count == 2, "\(line)")
                    }
                    let lines = said.split(separator: "\n").filter { $0.contains("ledger (postgres://") }
                    #expect(lines.count == 1, "\(said)")
                }
            }
        }

        @Test func aPasswordThatIsChangedIsWaitedFor() async throws {
            let guarded = try await guarded(sharedState: true)
            let (server, database, fleet) = (guarded.server, guarded.database, guarded.fleet)
            func psql(_ sql: String) throws -> String { try server.psql(database, sql) }
            func book(_ number: Int) throws {
                _ = try psql(
                    """
                    INSERT INTO ledger.outbox (id, aggregatetype, aggregateid, type, payload)
                    VALUES (gen_random_uuid(), 'ledger', 'k', 'Booked', json_build_object('number', \(number)))
                    """)
            }
            func expect(_ count: Int) async throws {
                try await eventually("\(count) were carried") {
                    try psql("SELECT count(*) FROM ledger.seen") == "\(count)"
                }
            }
            #expect(try await fleet.flotilla("apply", environment: Self.right).ended(0))
            let run = try await fleet.startRun(environment: Self.right)
            let standby = try fleet.start(["run"], environment: Self.right)
            try await eventually("the second waits") { standby.errors.contains("waiting for fleet") }
            try book(1)
            try await expect(1)
            _ = try psql("ALTER ROLE app PASSWORD 'another'")
            _ = try psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'")
            func refusals() throws -> Int {
                try String(contentsOfFile: server.directory.file("server.log"), encoding: .utf8)
                    .components(separatedBy: "password authentication failed").count
            }
            for program in [run, standby] {
                try await eventually("it waits") {
                    if let ended = program.ended { throw Trouble("it ended (\(ended)): \(program.errors)") }
                    return program.lines(with: "waiting for fleet", "refuses the password") == 1
                }
            }
            let before = try refusals()
            try await eventually("they have tried again") { try refusals() > before + 6 }
            for program in [run, standby] {
                #expect(program.ended == nil)
                #expect(program.lines(with: "waiting for fleet", "refuses the password") == 1, "\(program.errors)")
            }
            _ = try psql("ALTER ROLE app PASSWORD 'right'")
            try book(2)
            try await expect(2)
            for program in [run, standby] {
                program.send(SIGTERM)
                #expect(try await program.end() == .code(0))
            }
        }
    }

    extension Program {
        /// How many lines of its log hold all of some words.
        fileprivate func lines(with words: String...) -> Int {
            errors.split(separator: "\n").filter { line in words.allSatisfy { line.contains($0) } }.count
        }
    }
#endif
