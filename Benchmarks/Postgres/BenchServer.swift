#if Postgres
    import FleetCore
    import Foundation
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit

    /// A private server on a disk, as it would be set up for a service, with the tables of `Benchmarks/peers/workload.sql`.
    struct BenchServer {
        static let stream = StreamName(
            fleet: FleetName(unchecked: "bench"), service: ServiceName(unchecked: "orders"))

        let server: PrivatePostgres
        let database: String
        var url: String { server.url(database) }
        /// For those who know nothing of Unix sockets.
        var tcpURL: String { server.tcpURL(database).replacingOccurrences(of: "?sslmode=disable", with: "") }
        var address: PostgresAddress { PostgresAddress(url: url, name: "postgres/\(database)") }

        init() async throws {
            // The directory for temporary files may be in memory; this one is not.
            setenv("TMPDIR", "/var/tmp", 1)
            server = try await PrivatePostgres(settings: [
                "fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB", "max_wal_size": "16GB",
                "checkpoint_timeout": "30min", "autovacuum": "off",
            ])
            database = try await server.makeDatabase()
            try psql(try String(contentsOfFile: Self.peers("workload.sql"), encoding: .utf8))
        }

        static func peers(_ file: String) -> String {
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("peers/\(file)").path
        }

        func stop() { server.stop(mode: "immediate") }

        @discardableResult
        func psql(_ sql: String) throws -> String { try server.psql(database, sql) }

        func needs(_ capture: CaptureMode) -> OutboxNeeds {
            OutboxNeeds(table: TableName(unchecked: "outbox"), capture: capture, stream: Self.stream)
        }

        /// Sets the outbox up as `flotilla apply` does.
        func apply(_ capture: CaptureMode) async throws {
            _ = try await PostgresSetup(address).apply(StoreNeeds(outbox: needs(capture), views: []))
        }

        /// Runs a program of PostgreSQL against the database, and returns how long it took.
        @discardableResult
        func run(_ program: String, _ arguments: [String], output: Pipe? = nil) throws -> Double {
            try timed("\(server.programs)/\(program)", arguments, output: output)
        }
    }

    /// Runs a program to its end, and returns how long it took, with its start.
    func timed(_ program: String, _ arguments: [String], output: Pipe? = nil) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = FileHandle.standardError
        let start = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        let time = (ContinuousClock.now - start).inSeconds
        guard process.terminationStatus == 0 else {
            throw FleetError(.unavailable, "\(program) ended with \(process.terminationStatus)")
        }
        return time
    }
#endif
