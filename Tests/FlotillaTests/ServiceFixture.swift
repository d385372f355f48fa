import FleetCore
import Flotilla
import Metrics
import SQLiteStore
import Stores
import TestKit

#if Postgres
    import PostgresConnection
    import PostgresStore
#endif

/// Where the checks run: every kind of store that this build knows.
enum StoreKind: String, CaseIterable, Sendable {
    case sqlite
    #if Postgres
        case postgres
    #endif
}

/// The orders service's store of one test, which `apply` has set up, with a table of the service's own.
struct ServiceFixture {
    let store: ServiceStore

    static let stream = StreamName(fleet: FleetName(unchecked: "shop"), service: ServiceName(unchecked: "orders"))

    static func run(
        on kind: StoreKind, capture: CaptureMode = .poll, server: PrivatePostgres? = nil,
        metrics: any MetricsFactory = MetricsSystem.factory,
        _ body: (ServiceFixture) async throws -> Void
    ) async throws {
        let needs = OutboxNeeds(table: try TableName("outbox"), capture: capture, stream: stream)
        switch kind {
        case .sqlite:
            let directory = try TemporaryDirectory()
            let path = directory.file("orders.db")
            _ = try await SQLiteSetup(path: path, name: "orders.db").apply(StoreNeeds(outbox: needs, views: []))
            try await run(try await ServiceStore.open("sqlite:\(path)", service: "orders", metrics: metrics), body)
        #if Postgres
            case .postgres:
                let server = if let server { server } else { try await PrivatePostgres.shared() }
                let url = server.url(try await server.makeDatabase())
                let setup = PostgresSetup(PostgresAddress(url: url, name: "orders", schema: "orders"))
                _ = try await setup.apply(StoreNeeds(outbox: needs, views: []))
                try await run(
                    try await ServiceStore.open(
                        url, service: "orders", schema: "orders", capture: capture, metrics: metrics), body)
                if capture != .poll { _ = try await setup.removeCapture(needs) }
        #endif
        }
    }

    private static func run(_ store: ServiceStore, _ body: (ServiceFixture) async throws -> Void) async throws {
        do {
            try await store.transaction { try $0.script("CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT)") }
            try await body(ServiceFixture(store: store))
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }

    func count(_ table: String) async throws -> SQLValue? {
        try await store.read { try $0.firstRow("SELECT count(*) FROM \(table)")?[0] }
    }
}
