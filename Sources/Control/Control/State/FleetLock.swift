import FleetCore
import Foundation
import SQLiteConnection

/// Holds a fleet's state directory for one `run` at a time (flock(2)): the system lets go of it when the process ends,
/// however it ends.
final class FleetLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `busy`, naming the process that holds it; `unavailable` where the file cannot be made.
    init(directory: String) throws {
        let path = "\(directory)/run.lock"
        // A fleet that publishes nothing has no streams, and so maybe no directory yet; what is wrong is told below.
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            try FileAccess.check(path)
            throw FleetError(
                .unavailable, "\(path) cannot be opened", remedy: "check the permissions of the state directory",
                underlying: reason)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            close(descriptor)
            throw Self.refusal(of: directory, heldBy: holder)
        }
        let holder = FleetHolder.ownName
        ftruncate(descriptor, 0)
        _ = holder.withCString { pwrite(descriptor, $0, strlen($0), 0) }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    static func refusal(of directory: String, heldBy holder: String) -> FleetError {
        FleetError(
            .busy, "another `flotilla run` holds \(directory): \(holder.isEmpty ? "an unknown process" : holder)",
            remedy: "stop it first, or give this fleet a `state:` of its own")
    }

    /// Who holds a directory; `nil` where nobody does.
    static func holder(of directory: String) -> String? {
        let path = "\(directory)/run.lock"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? "an unknown process"
    }
}
