import Foundation
import SQLiteConnection
import Stores
import TestKit

/// The embedded broker: files, on a small disk of their own where one can be mounted.
final class EmbeddedFiles: DrillBroker {
    private let directory: DrillDirectory
    private let leash: Leash
    private let disk: SmallDisk?

    init(_ options: DrillOptions, directory: DrillDirectory, leash: Leash) async throws {
        self.directory = directory
        self.leash = leash
        // Half a kilobyte a record, and as much again for the write-ahead logs.
        let kibibytes = 256 * 1024 + options.seconds * options.rate * 8
        disk = try await Blocking.run { try SmallDisk(kibibytes: kibibytes) }
        if let disk { leash.mounted(disk.path) }
    }

    var kinds: Set<Fault.Kind> { disk == nil ? [.lockBroker] : [.lockBroker, .fillDisk] }
    var text: String { "embedded" }
    var stateDirectory: String? { disk?.path }
    var wires: [Wire] { [] }

    func carryOut(_ fault: Fault, lasting: () async -> Void) async throws {
        switch fault.kind {
        case .lockBroker: try await lock(lasting)
        case .fillDisk:
            guard let disk else { return }
            try await Blocking.run { try disk.fill() }
            await lasting()
            try await Blocking.run { try disk.free() }
        default: break
        }
    }

    private var files: [String] {
        get throws {
            let streams = "\(disk?.path ?? directory.file(".flotilla"))/streams"
            return try FileManager.default.contentsOfDirectory(atPath: streams).filter { $0.hasSuffix(".db") }
                .map { "\(streams)/\($0)" }
        }
    }

    /// Holds the write lock of every stream's file, as a program does that copies or repairs it.
    private func lock(_ lasting: () async -> Void) async throws {
        let files = try await Blocking.run { [self] () throws -> [SQLiteConnection] in
            try self.files.map { try SQLiteConnection(path: $0, mode: .readWrite) }
        }
        let isOver = StopSign()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for file in files {
                group.addTask {
                    // Whoever writes at the moment has it for a moment.
                    while !isOver.isSet, await !Self.hold(file, until: isOver) {}
                    file.close()
                }
            }
            await lasting()
            isOver.set()
            try await group.waitForAll()
        }
    }

    /// - Returns: whether it was locked up to the end.
    private static func hold(_ file: SQLiteConnection, until isOver: StopSign) async -> Bool {
        do {
            // Blocks the thread of the connection.
            try await file.access { (session: any StoreTransaction) in
                try session.script("BEGIN IMMEDIATE")
                while !isOver.isSet { Thread.sleep(forTimeInterval: 0.01) }
                try session.script("ROLLBACK")
            }
            return true
        } catch {
            return false
        }
    }

    func close() async throws {
        guard let disk else { return }
        try await Blocking.run { disk.remove() }
        leash.unmounted(disk.path)
    }
}
