import FleetCore
import FleetFile
import Foundation
import Logging
import ServiceLifecycle

/// Ends a process that held the fleet before, where it is stopped (SIGSTOP, a debugger) on this machine with the write lock
/// of one of the fleet's SQLite files in its hands: nobody else could ever write to it. A stopped process that holds no
/// lock is left alone: once it goes on, it is refused.
struct StoppedPredecessor: Service {
    let process: ProcessIdentity
    let fleet: FleetDefinition
    let logger: Logger

    private static let interval = Duration.milliseconds(250)

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled, process.isStopped {
                if process.holdsWriteLock(of: files) {
                    logger.warning(
                        """
                        process \(process.number), which carried fleet \(fleet.name) before, is stopped while it writes; it is \
                        killed, so that its locks are free
                        """)
                    kill(process.number, SIGKILL)
                    break
                }
                try? await Task.sleep(for: Self.interval)
            }
            // The end of a service is the end of all.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
    }

    private var files: [String] {
        fleet.publishers.map { "\(fleet.streamsDirectory)/\($0.stream).db" }
            + fleet.services.filter(\.store.isSQLite).map(\.store.text)
    }
}

/// One process of one machine, and no other that ever has its number.
struct ProcessIdentity: Sendable, Hashable, CustomStringConvertible {
    let number: pid_t
    /// Of the machine's last start.
    private let boot: String
    /// In ticks since then.
    private let start: String

    /// This process; `nil` where the system does not tell.
    static var own: ProcessIdentity? { ProcessIdentity(running: getpid()) }

    private init?(running number: pid_t) {
        guard let boot = Self.boot, let start = Self.status(of: number)?.start else { return nil }
        (self.number, self.boot, self.start) = (number, boot, start)
    }

    init?(_ text: String) {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 3, let number = pid_t(parts[0]), number > 1 else { return nil }
        (self.number, boot, start) = (number, parts[1], parts[2])
    }

    var description: String { "\(number) \(boot) \(start)" }

    /// Whether it is on this machine, and is stopped.
    var isStopped: Bool {
        guard ProcessIdentity(running: number) == self else { return false }
        return ["T", "t"].contains(Self.status(of: number)?.state)
    }

    /// Whether it holds the lock under which SQLite writes to one of some files in WAL mode
    /// (https://www.sqlite.org/walformat.html#wal_locks).
    func holdsWriteLock(of files: [String]) -> Bool {
        let inodes = Set(
            files.compactMap { file in
                (try? FileManager.default.attributesOfItem(atPath: "\(file)-shm"))?[.systemFileNumber] as? UInt64
            }.map(String.init))
        let locks = (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)) ?? ""
        // 1: POSIX  ADVISORY  WRITE 4711 fd:00:123456 120 120
        return locks.split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            guard words.count == 8, words[3] == "WRITE", words[4] == "\(number)", words[6] == "120" else {
                return false
            }
            return words[5].split(separator: ":").last.map { inodes.contains(String($0)) } ?? false
        }
    }

    private static let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
        .trimmingCharacters(in: .whitespacesAndNewlines)

    /// See proc(5).
    private static func status(of number: pid_t) -> (state: String, start: String)? {
        guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return nil }
        let words = text[text.index(after: name)...].split(separator: " ")
        guard words.count > 19 else { return nil }
        return (String(words[0]), String(words[19]))
    }
}
