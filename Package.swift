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
func room(_ name: String, wing: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(wing)/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

/// What tests of several modules share: a conformance suite of a seam, or tools for tests.
func kit(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/Kit/\(name)", swiftSettings: strict)
}

/// A dependency that is there only where PostgreSQL is asked for: `--traits Postgres`.
func postgres(_ name: String) -> Target.Dependency {
    .target(name: name, condition: .when(traits: ["Postgres"]))
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "flotilla",
    products: [
        .library(name: "Flotilla", targets: ["Flotilla"]),
        .executable(name: "flotilla", targets: ["FlotillaCommand"]),
    ],
    traits: [
        .trait(name: "Postgres", description: "Stores in PostgreSQL (needs libpq: libpq-dev)")
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // Ground
        room("FleetCore", wing: "Core", []),
        // Seams
        room("Wire", wing: "Carry", ["FleetCore"]),
        room("SagaModel", wing: "Coordinate", ["FleetCore"]),
        room("FleetFile", wing: "Core", ["FleetCore", "Wire", "SagaModel", yams]),
        room("Stores", wing: "Stores", ["FleetCore"]),
        room("SQLTemplate", wing: "Stores", ["FleetCore"]),
        room("Brokers", wing: "Brokers", ["FleetCore"]),
        room("Outbox", wing: "Carry", ["FleetCore", "Stores"]),
        room("Inbox", wing: "Carry", ["FleetCore", "Stores"]),
        room("Parking", wing: "Carry", ["FleetCore", "Stores"]),
        room("PGOutput", wing: "Carry", ["FleetCore"]),
        // Patterns
        room("Relay", wing: "Carry", ["FleetCore", "Outbox", "Brokers", lifecycle]),
        room("Views", wing: "Carry", ["FleetCore", "Stores", "SQLTemplate", "Inbox", "Parking", "Brokers", lifecycle]),
        room("Sagas", wing: "Coordinate", ["FleetCore", "SagaModel", "Stores"]),
        // Connectors
        .systemLibrary(
            name: "CSQLiteConfiguration", path: "Sources/Stores/CSQLiteConfiguration",
            providers: [.apt(["libsqlite3-dev"])]),
        room("SQLiteConnection", wing: "Stores", ["FleetCore", "Stores", "CSQLiteConfiguration", grdb, sqlite]),
        room("SQLiteStore", wing: "Stores", ["FleetCore", "Stores", "Outbox", "Parking", "SQLiteConnection"]),
        .systemLibrary(
            name: "CLibPQ", path: "Sources/Stores/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        room("PostgresConnection", wing: "Stores", ["FleetCore", "Stores", postgres("CLibPQ")]),
        room(
            "PostgresStore", wing: "Stores",
            [
                "FleetCore", "Stores", "SQLTemplate", "Outbox", "Parking", "PGOutput", "PostgresConnection",
                postgres("CLibPQ"),
            ]),
        room("EmbeddedBroker", wing: "Brokers", ["FleetCore", "Stores", "Brokers", "SQLiteConnection"]),
        // Control
        room(
            "Control", wing: "Control",
            [
                "FleetCore", "FleetFile", "Stores", "SQLTemplate", "Brokers", "Outbox", "Inbox", "Parking", "Wire",
                "Relay",
                "Views",
                "SQLiteStore", "EmbeddedBroker", postgres("PostgresConnection"), postgres("PostgresStore"), lifecycle,
                logging,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        // Faces
        room(
            "Flotilla", wing: "Faces",
            [
                "FleetCore", "Stores", "Inbox", "SQLiteStore", postgres("PostgresConnection"),
                postgres("PostgresStore"),
            ]),
        .systemLibrary(name: "CMalloc", path: "Sources/Faces/CMalloc"),
        .executableTarget(
            name: "FlotillaCommand",
            dependencies: [
                "CMalloc", "FleetCore", "FleetFile", "Parking", "Wire", "Control", arguments, lifecycle, logging,
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
                postgres("PostgresStore"),
            ],
            path: "Benchmarks", exclude: ["peers"], sources: ["Spine", "Postgres"], swiftSettings: strict),
        // Tests
        kit("TestKit", ["FleetCore"]),
        .target(name: "CAllocations", path: "Tests/Kit/CAllocations"),
        kit("StoreConformance", ["FleetCore", "Stores", "TestKit"]),
        kit("RecordConformance", ["FleetCore", "Stores", "Inbox", "Parking", "TestKit"]),
        kit("BrokerConformance", ["FleetCore", "Brokers", "TestKit"]),
        tests("HouseTests", []),
        tests("EndToEndTests", ["FlotillaCommand", "FleetCore", "TestKit", grdb]),
        tests("ShopTests", ["TestKit"]),
        tests("FleetCoreTests", ["FleetCore"]),
        tests("FleetFileTests", ["FleetCore", "FleetFile", "SagaModel", "Wire"]),
        tests("WireTests", ["FleetCore", "Wire"]),
        tests("SQLTemplateTests", ["FleetCore", "SQLTemplate"]),
        tests("PGOutputTests", ["FleetCore", "PGOutput", "TestKit", "CAllocations"]),
        tests("SimulationTests", ["FleetCore", "Outbox", "Relay", "Brokers", "Views"]),
        tests("SagaTests", ["FleetCore", "SagaModel", "Sagas", "TestKit"]),
        tests(
            "SagaJournalTests",
            [
                "FleetCore", "SagaModel", "Sagas", "Stores", "SQLiteConnection", "SQLiteStore", "TestKit",
                postgres("PostgresConnection"), postgres("PostgresStore"),
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
            "FlotillaTests",
            [
                "Flotilla", "FleetCore", "Stores", "SQLiteStore", "TestKit", postgres("PostgresConnection"),
                postgres("PostgresStore"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
