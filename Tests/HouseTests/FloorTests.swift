import Foundation
import Testing

/// Holds the floors of the house: a module imports those below it, never above, and never sideways. Reads the manifest and
/// the sources.
@Suite struct FloorTests {
    static let patterns = ["Relay", "Views", "Push", "Sagas", "Flows"]
    /// From the ground up. Within `seams` and `connectors`, a module may build on those named before it.
    static let floors: [(name: String, modules: [String], mayBuildOnEachOther: Bool)] = [
        ("ground", ["FleetCore"], false),
        (
            "seams",
            [
                "Signals", "Traces", "OTLP", "Objectives", "Overview", "Page", "Wire", "SagaModel", "FlowModel",
                "FleetFile",
                "Stores", "SQLTemplate", "Brokers", "Outbox",
                "PGOutput",
                "Inbox",
                "Parking",
                "Subscriptions", "Endpoints",
            ], true
        ),
        ("patterns", patterns, false),
        (
            "connectors",
            [
                "CSQLiteConfiguration", "SQLiteConnection", "CLibPQ", "PostgresConnection", "SQLiteStore",
                "PostgresStore", "EmbeddedBroker", "CLibNATS", "NATSBroker", "HTTPEndpoint", "HTTPServer",
                "Certificates",
            ], true
        ),
        ("control", ["Control"], false),
        ("faces", ["CMalloc", "Flotilla", "FlotillaCommand"], true),
    ]
    /// Connectors that others may build on; no other connector may be imported by a connector.
    static let sharedConnectors: Set<String> = [
        "CSQLiteConfiguration", "SQLiteConnection", "CLibPQ", "PostgresConnection", "CLibNATS",
    ]
    /// The only modules that may name a connector, besides connectors: control, and the library that opens a store.
    static let mayNameConnectors: Set<String> = ["Control", "Flotilla"]

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Each project module and the project modules that it may import, in the words of the rules above.
    static func allowed(_ module: String) -> Set<String> {
        var below: Set<String> = []
        for floor in floors {
            if let place = floor.modules.firstIndex(of: module) {
                if floor.mayBuildOnEachOther {
                    let siblings = floor.modules[..<place]
                    below.formUnion(
                        floor.name == "connectors" ? siblings.filter(sharedConnectors.contains) : Array(siblings))
                }
                break
            }
            below.formUnion(floor.modules)
        }
        let connectors = Set(floors.first { $0.name == "connectors" }?.modules ?? [])
        if connectors.contains(module) { return below.subtracting(patterns) }
        return mayNameConnectors.contains(module) ? below : below.subtracting(connectors)
    }

    static let modules = floors.flatMap(\.modules)

    @Test func everyModuleOfTheManifestHasAFloor() throws {
        let manifest = try String(contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let rooms = manifest.matches(of: #/room\(\s*"(\w+)", wing: "(\w+)"/#)
        #expect(rooms.count >= 14)
        for room in rooms {
            #expect(Self.modules.contains(String(room.1)), "\(room.1) stands on no floor: add it to FloorTests.floors")
            let folder = Self.root.appendingPathComponent("Sources/\(room.2)/\(room.1)").path
            #expect(FileManager.default.fileExists(atPath: folder), "\(folder) is missing")
        }
    }

    @Test func nobodyImportsUpwardsOrSideways() throws {
        let sources = Self.root.appendingPathComponent("Sources")
        let files =
            FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?.allObjects as? [URL] ?? []
        var imports = 0
        for file in files where file.pathExtension == "swift" {
            let parts = file.path.dropFirst(sources.path.count + 1).split(separator: "/").map(String.init)
            guard parts.count >= 3 else { continue }
            let module = parts[1]
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") where line.contains("import ") {
                let pattern =
                    #/^(?:@\w+ )?(?:public |internal |package |private |fileprivate )?import (?:struct |enum |class |func |protocol )?(\w+)/#
                guard let match = line.firstMatch(of: pattern) else { continue }
                let imported = String(match.1)
                guard Self.modules.contains(imported) else { continue }
                imports += 1
                #expect(Self.allowed(module).contains(imported), "\(parts.joined(separator: "/")) imports \(imported)")
            }
        }
        #expect(imports > 50)
    }

    @Test func theGroundNeedsNothingButTheStandardLibrary() throws {
        let ground = Self.root.appendingPathComponent("Sources/Core/FleetCore")
        for name in try FileManager.default.contentsOfDirectory(atPath: ground.path) where name.hasSuffix(".swift") {
            let text = try String(contentsOf: ground.appendingPathComponent(name), encoding: .utf8)
            for match in text.matches(of: #/(?m)^\s*(?:public |internal )?import (\w+)/#) {
                #expect(
                    ["Glibc", "Musl", "Darwin", "Synchronization"].contains(String(match.1)),
                    "\(name) imports \(match.1)")
            }
        }
    }
}
