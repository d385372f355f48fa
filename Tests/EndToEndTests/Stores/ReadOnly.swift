import Foundation
import TestKit

/// Runs a program of the system, and tells whether it succeeded.
@discardableResult
func system(_ program: String, _ arguments: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.start()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}

/// A file that cannot be written: by its permissions, or, for root, who needs none, by its attribute "immutable".
final class ReadOnly: Sendable {
    private let path: String
    private static let isRoot = geteuid() == 0

    static let isPossible: Bool = {
        guard isRoot else { return true }
        let probe = NSTemporaryDirectory() + "flotilla-read-only-\(UUID().uuidString)"
        guard FileManager.default.createFile(atPath: probe, contents: nil) else { return false }
        let works = system("chattr", "+i", probe)
        system("chattr", "-i", probe)
        try? FileManager.default.removeItem(atPath: probe)
        if !works { print("SKIPPED: read-only stores (root may write them, and chattr +i does not work here)") }
        return works
    }()

    init(_ path: String) throws {
        self.path = path
        guard Self.isRoot ? system("chattr", "+i", path) : system("chmod", "a-w", path) else {
            throw Trouble("\(path) cannot be made read-only")
        }
    }

    deinit { end() }

    func end() {
        _ = Self.isRoot ? system("chattr", "-i", path) : system("chmod", "u+w", path)
    }
}
