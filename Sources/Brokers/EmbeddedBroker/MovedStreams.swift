import FleetCore
import Foundation
import SQLiteConnection

/// What is left of an embedded broker whose streams were moved to another one: its directory under another name, and in its
/// place a file that says where they are, so that nobody goes on here by mistake.
public struct MovedStreams: Sendable {
    public let directory: String

    public init(directory: String) {
        self.directory = directory
    }

    /// Where the streams are kept after the move.
    public var keptDirectory: String { "\(directory).moved" }

    /// Where the streams were moved to; `nil` where they were not.
    public var destination: String? {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            return FileManager.default.fileExists(atPath: keptDirectory) ? "another broker" : nil
        }
        guard !isDirectory.boolValue, let text = try? String(contentsOfFile: directory, encoding: .utf8) else {
            return nil
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Puts the directory aside. Safe to repeat.
    public func set(destination: String) throws {
        do {
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue {
                try FileManager.default.moveItem(atPath: directory, toPath: keptDirectory)
            }
            try "\(destination)\n".write(toFile: directory, atomically: true, encoding: .utf8)
        } catch {
            throw FleetError(
                .unavailable, "\(directory) cannot be put aside", remedy: "check its permissions, and run this again",
                underlying: error.localizedDescription)
        }
    }

    /// - Throws: `gap` where the streams were moved.
    func check() throws {
        guard let destination else { return }
        throw FleetError(
            .gap, "the streams in \(directory) were moved to \(destination)",
            remedy: "name that broker in the fleet file")
    }
}
