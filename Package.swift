// swift-tools-version: 6.2
import PackageDescription

// Strict from the first day. A misspelled upcoming feature is silently ignored by the compiler, so
// `FleetCore/LanguageFeatures.swift` asserts each of these names with `#if hasFeature(…)`.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    // Named crash points (`CrashPoint`) exist in debug builds only: a release binary has none.
    .define("CRASH_POINTS", .when(configuration: .debug)),
]

/// A module of the house: a folder below `Sources/<wing>/`. `Tests/HouseTests` reads this manifest and holds the floors.
func room(
    _ name: String, wing: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(wing)/\(name)", resources: resources,
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

/// What tests of several modules share: a conformance suite of a seam, or tools for tests.
func kit(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/Kit/\(name)", swiftSettings: strict)
}

/// A part of the failure drill.
func drill(_ name: String, path: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Drill/\(path)", swiftSettings: strict)
}

/// A dependency that is there only where PostgreSQL is asked for: `--traits Postgres`.
func postgres(_ name: String) -> Target.Dependency {
    .target(name: name, condition: .when(traits: ["Postgres"]))
}

/// A dependency that is there only where NATS is asked for: `--traits NATS`.
func nats(_ name: String) -> Target.Dependency {
    .target(name: name, condition: .when(traits: ["NATS"]))
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "flotilla",
    products: [
        .library(name: "Flotilla", targets: ["Flotilla"]),
        .executable(name: "flotilla", targets: ["FlotillaCommand"]),
    ],
    traits: [
        .trait(name: "Postgres", description: "Stores in PostgreSQL (needs libpq: libpq-dev)"),
        .trait(name: "NATS", description: "Brokers on NATS JetStream (needs libnats: libnats-dev, libssl-dev)"),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.7.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // Ground
        room("FleetCore", wing: "Core", []),
        // Seams
        room("Signals", wing: "See", ["FleetCore"]),
        room("Traces", wing: "See", ["FleetCore"]),
        room("OTLP", wing: "See", ["FleetCore", "Signals", "Traces", logging]),
        room("Objectives", wing: "See", ["FleetCore"]),
        room("Overview", wing: "See", ["FleetCore", "Objectives"]),
        room(
            "Page", wing: "See", [],
            // In the program itself, which is one file to copy.
            resources: (["page.html", "sign-in.html", "page.css", "icon.svg"]
                + [
                    "elements", "numbers", "grid", "drawings", "asking", "overview", "objectives", "parts", "map",
                    "parked",
                    "coordination", "traces", "places", "keys",
                ].map { "script/\($0).js" })
                .map { .embedInCode("Assets/\($0)") }),
        room("Wire", wing: "Carry", ["FleetCore"]),
        room("SagaModel", wing: "Coordinate", ["FleetCore"]),
        room("FlowModel", wing: "Coordinate", ["FleetCore"]),
        room(
            "FleetFile", wing: "Core",
            ["FleetCore", "Wire", "SagaModel", "FlowModel", "Objectives", "Traces", yams]),
        room("Stores", wing: "Stores", ["FleetCore"]),
        room("SQLTemplate", wing: "Stores", ["FleetCore"]),
        room("Brokers", wing: "Brokers", ["FleetCore"]),
        room("Outbox", wing: "Carry", ["FleetCore", "Stores"]),
        room("Inbox", wing: "Carry", ["FleetCore", "Stores"]),
        room("Parking", wing: "Carry", ["FleetCore", "Stores"]),
        room("Subscriptions", wing: "Carry", ["FleetCore", "Stores", "Brokers", "Inbox"]),
        room("Endpoints", wing: "Carry", ["FleetCore"]),
        room("PGOutput", wing: "Carry", ["FleetCore"]),
        // Patterns
        room("Relay", wing: "Carry", ["FleetCore", "Outbox", "Brokers", lifecycle]),
        room(
            "Views", wing: "Carry",
            ["FleetCore", "Stores", "SQLTemplate", "Inbox", "Parking", "Brokers", "Subscriptions", lifecycle]),
        room(
            "Push", wing: "Carry",
            ["FleetCore", "Stores", "Inbox", "Parking", "Brokers", "Subscriptions", "Endpoints", lifecycle]),
        room("Sagas", wing: "Coordinate", ["FleetCore", "SagaModel", "Stores", "Subscriptions"]),
        room(
            "Flows", wing: "Coordinate",
            ["FleetCore", "FlowModel", "Stores", "Inbox", "Brokers", "Subscriptions", lifecycle, crypto]),
        // Connectors
        .systemLibrary(
            name: "CSQLiteConfiguration", path: "Sources/Stores/CSQLiteConfiguration",
            providers: [.apt(["libsqlite3-dev"])]),
        room("SQLiteConnection", wing: "Stores", ["FleetCore", "Stores", "CSQLiteConfiguration", grdb, sqlite]),
        room(
            "SQLiteStore", wing: "Stores", ["FleetCore", "Signals", "Stores", "Outbox", "Parking", "SQLiteConnection"]),
        .systemLibrary(
            name: "CLibPQ", path: "Sources/Stores/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        room("PostgresConnection", wing: "Stores", ["FleetCore", "Stores", postgres("CLibPQ")]),
        room(
            "PostgresStore", wing: "Stores",
            [
                "FleetCore", "Signals", "Stores", "SQLTemplate", "Outbox", "Parking", "PGOutput", "PostgresConnection",
                postgres("CLibPQ"),
            ]),
        room("EmbeddedBroker", wing: "Brokers", ["FleetCore", "Stores", "Brokers", "SQLiteConnection"]),
        room(
            "HTTPEndpoint", wing: "Carry",
            [
                "FleetCore", "Wire", "Endpoints", crypto, .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        room(
            "HTTPServer", wing: "See",
            [
                "FleetCore", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        room(
            "Certificates", wing: "See",
            [
                "FleetCore", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .systemLibrary(
            name: "CLibNATS", path: "Sources/Brokers/CLibNATS", pkgConfig: "libnats",
            providers: [.apt(["libnats-dev", "libssl-dev"])]),
        room("NATSBroker", wing: "Brokers", ["FleetCore", "Signals", "Brokers", "Wire", nats("CLibNATS")]),
        // Control
        room(
            "Control", wing: "Control",
            [
                "FleetCore", "FleetFile", "Stores", "SQLTemplate", "Brokers", "Outbox", "Inbox", "Parking", "Wire",
                "Relay", "Views", "Push", "SagaModel", "Sagas", "Flows", "FlowModel", "Subscriptions", crypto,
                "Endpoints", "SQLiteConnection", "SQLiteStore", "EmbeddedBroker", "HTTPEndpoint", "Signals",
                "Objectives", "Overview", "Page", "HTTPServer", "Certificates", "Traces", "OTLP",
                postgres("PostgresConnection"), postgres("PostgresStore"), nats("NATSBroker"), lifecycle, logging,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        // Faces
        room(
            "Flotilla", wing: "Faces",
            [
                "FleetCore", "Stores", "Brokers", "Inbox", "Parking", "Subscriptions", "Views", "SagaModel", "Sagas",
                "SQLiteStore", "EmbeddedBroker", postgres("PostgresConnection"), postgres("PostgresStore"),
                nats("NATSBroker"),
                lifecycle, logging, metrics, tracing,
            ]),
        .systemLibrary(name: "CMalloc", path: "Sources/Faces/CMalloc"),
        .executableTarget(
            name: "FlotillaCommand",
            dependencies: [
                "CMalloc", "FleetCore", "FleetFile", "Parking", "Wire", "SagaModel", "Sagas", "Objectives", "Overview",
                "Control",
                arguments, lifecycle, logging, .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Faces/FlotillaCommand", swiftSettings: strict),
        // Examples
        .executableTarget(
            name: "shop-orders", dependencies: ["Flotilla"], path: "Examples/shop/orders", swiftSettings: strict),
        // Measurements
        .executableTarget(
            name: "flotilla-bench",
            dependencies: [
                "CMalloc", "FleetCore", "Stores", "SQLTemplate", "Brokers", "PGOutput", "Relay", "Views",
                "SQLiteConnection", "SQLiteStore", "EmbeddedBroker", "TestKit", postgres("PostgresConnection"),
                postgres("PostgresStore"), nats("NATSBroker"), nats("CLibNATS"), "Push", "Subscriptions",
                "SagaModel", "Sagas", "Traces",
                "HTTPEndpoint",
                "Wire", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Benchmarks", exclude: ["peers"],
            sources: ["Spine", "Postgres", "NATS", "Push", "Page", "Observed", "Sagas"],
            swiftSettings: strict),
        // The failure drill
        drill("DrillJudge", path: "Judge", ["FleetCore"]),
        drill("DrillReport", path: "Report", ["DrillJudge"]),
        drill(
            "DrillKit", path: "Kit",
            [
                "FleetCore", "FleetFile", "Wire", "Stores", "Parking", "Sagas", "SQLiteConnection", "Control",
                "DrillJudge",
                "DrillReport", "TestKit", postgres("PostgresConnection"),
            ]),
        .executableTarget(
            name: "flotilla-drill",
            dependencies: [
                "DrillJudge", "DrillReport", "DrillKit", arguments,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Drill/Command", swiftSettings: strict),
        // Tests
        kit("TestKit", ["FleetCore", crypto]),
        .target(name: "CAllocations", path: "Tests/Kit/CAllocations"),
        kit(
            "HTTPReceiver",
            [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        kit("Browser", ["TestKit"]),
        kit("StoreConformance", ["FleetCore", "Stores", "TestKit"]),
        kit("RecordConformance", ["FleetCore", "Stores", "Inbox", "Parking", "TestKit"]),
        kit("BrokerConformance", ["FleetCore", "Brokers", "TestKit"]),
        tests("HouseTests", ["TestKit"]),
        tests(
            "EndToEndTests",
            [
                "FlotillaCommand", "Flotilla", "FleetCore", "Brokers", nats("NATSBroker"), "TestKit", "Browser",
                "HTTPReceiver",
                grdb,
            ]),
        tests("ShopTests", ["TestKit", "Browser"]),
        tests(
            "DrillTests", ["FlotillaCommand", "FleetCore", "DrillJudge", "DrillReport", "DrillKit", "TestKit"]),
        tests("FleetCoreTests", ["FleetCore", "TestKit"]),
        tests(
            "FleetFileTests", ["FleetCore", "FleetFile", "SagaModel", "FlowModel", "Objectives", "Wire", "TestKit"]),
        tests("SignalsTests", ["FleetCore", "Signals", "TestKit"]),
        tests("TracesTests", ["FleetCore", "Traces", "TestKit"]),
        tests("OTLPTests", ["FleetCore", "Signals", "Traces", "OTLP", "TestKit", logging]),
        tests("ObjectivesTests", ["FleetCore", "Objectives", "TestKit"]),
        tests(
            "ControlTests",
            [
                "Control", "FleetCore", "FleetFile", "HTTPServer", "Objectives", "Overview", "Page", "Relay", "Signals",
                "SQLiteConnection", "Stores", "TestKit", logging,
            ]),
        tests("OverviewTests", ["Overview"]),
        tests("HTTPServerTests", ["FleetCore", "HTTPServer", "TestKit"]),
        tests("CertificatesTests", ["FleetCore", "Certificates", "HTTPReceiver", "TestKit"]),
        tests("WireTests", ["FleetCore", "Wire", "TestKit"]),
        tests("SQLTemplateTests", ["FleetCore", "SQLTemplate", "TestKit"]),
        tests("PGOutputTests", ["FleetCore", "PGOutput", "TestKit", "CAllocations"]),
        tests(
            "SimulationTests",
            ["FleetCore", "Outbox", "Relay", "Brokers", "Views", "Push", "Endpoints", "Parking", "TestKit"]),
        tests("FlowTests", ["FleetCore", "FlowModel", "Flows", "TestKit"]),
        tests("SagaTests", ["FleetCore", "SagaModel", "Sagas", "TestKit"]),
        tests(
            "SagaJournalTests",
            [
                "FleetCore", "SagaModel", "Sagas", "Stores", "SQLiteConnection", "SQLiteStore", "TestKit",
                postgres("PostgresConnection"), postgres("PostgresStore"),
            ]),
        tests(
            "HTTPEndpointTests",
            [
                "FleetCore", "Wire", "Endpoints", "HTTPEndpoint", "HTTPReceiver", "TestKit",
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        tests(
            "SQLiteStoreTests",
            [
                "FleetCore", "Stores", "Outbox", "Inbox", "Parking", "SQLiteConnection", "SQLiteStore", "TestKit",
                "StoreConformance", "RecordConformance",
            ]),
        tests(
            "PostgresStoreTests",
            [
                "FleetCore", "Stores", "Outbox", "Inbox", "Parking", "PostgresConnection", "PostgresStore", "TestKit",
                "StoreConformance", "RecordConformance",
            ]),
        tests(
            "EmbeddedBrokerTests",
            ["FleetCore", "Brokers", "EmbeddedBroker", "TestKit", "BrokerConformance"]),
        tests(
            "NATSBrokerTests",
            ["FleetCore", "Brokers", "Wire", "NATSBroker", "TestKit", "BrokerConformance"]),
        tests(
            "FlotillaTests",
            [
                "Flotilla", "FleetCore", "Stores", "Brokers", "SQLiteStore", "EmbeddedBroker", "TestKit",
                postgres("PostgresConnection"), postgres("PostgresStore"), nats("NATSBroker"), logging, metrics,
                .product(name: "MetricsTestKit", package: "swift-metrics"), tracing,
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
