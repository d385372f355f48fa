import Foundation

/// A directory of a test's own, which is removed with everything in it when nobody holds it any more.
public final class TemporaryDirectory: Sendable {
    /// Its path, without a slash at the end.
    public let path: String

    /// Makes an empty directory.
    public init() throws {
        path = FileManager.default.temporaryDirectory.path + "/flotilla-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }
}
