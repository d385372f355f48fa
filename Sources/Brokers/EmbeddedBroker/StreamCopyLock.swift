public import FleetCore
import Foundation

/// The right to copy a directory's streams to another broker (flock(2)): the system takes it back when the process ends, however
/// it ends. Who copies has a cursor in each stream, so that retention waits; where nobody holds the right, such a cursor is
/// what a killed copy has left.
public final class StreamCopyLock: Sendable {
    /// The cursor of whoever copies.
    public static let subscription = SubscriptionName(
        service: ServiceName(unchecked: "migration"), name: "broker~copy")

    /// `nil` where there is no directory, and so nothing to copy.
    private let descriptor: Int32?

    /// How long one who looks whether anybody copies is waited for.
    private static let patience = Duration.seconds(2)

    /// - Throws: `busy` where somebody else copies; `unavailable` where the file cannot be made.
    public init(directory: String) async throws {
        let path = Self.path(in: directory)
        guard let descriptor = try Self.descriptor(of: path) else {
            self.descriptor = nil
            return
        }
        var time = WaitingTime(Self.patience)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard !time.isOver(), !Task.isCancelled else {
                close(descriptor)
                throw FleetError(
                    .busy, "another process copies the streams in \(directory)", remedy: "wait for its end, or end it")
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        self.descriptor = descriptor
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// Runs `body` unless somebody copies; nobody begins to meanwhile.
    static func whileFree(in directory: String, _ body: () async throws -> Void) async throws {
        guard let descriptor = try Self.descriptor(of: path(in: directory)) else { return }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { try await body() }
    }

    private static func path(in directory: String) -> String { "\(directory)/copy.lock" }

    /// - Returns: `nil` where there is no directory.
    private static func descriptor(of path: String) throws -> Int32? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        if descriptor >= 0 { return descriptor }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw FleetError(
            .unavailable, "\(path) cannot be opened", remedy: "check the permissions of the directory",
            underlying: String(cString: strerror(errno)))
    }
}
