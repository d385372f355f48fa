import Foundation
import Synchronization
import TestKit

/// Ends what a drill has started, however the drill itself ends: a shell that reads what is at work, and at the end of its
/// input, which comes with the drill's end, kills what is left and unmounts.
final class Leash: Sendable {
    private let process: Process
    private let input: Mutex<FileHandle>

    private static let script = """
        trap '' INT TERM HUP
        pids= mounts=
        while read -r word what; do
          case $word in
            start) pids="$pids $what" ;;
            end) rest=; for pid in $pids; do [ "$pid" = "$what" ] || rest="$rest $pid"; done; pids=$rest ;;
            mount) mounts="$mounts $what" ;;
            unmount) rest=; for place in $mounts; do [ "$place" = "$what" ] || rest="$rest $place"; done; mounts=$rest ;;
          esac
        done
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
        for place in $mounts; do umount -l "$place" 2>/dev/null; rmdir "$place" 2>/dev/null; done
        """

    init() throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        input = Mutex(try process.runOnLeash())
    }

    private func tell(_ line: String) {
        // A shell that is gone can hold nothing: the processes end with the drill's own ways then.
        input.withLock { try? $0.write(contentsOf: Data("\(line)\n".utf8)) }
    }

    func started(_ processID: Int32) { tell("start \(processID)") }
    func ended(_ processID: Int32) { tell("end \(processID)") }
    func mounted(_ path: String) { tell("mount \(path)") }
    func unmounted(_ path: String) { tell("unmount \(path)") }

    /// Kills what is left, and ends. Blocks.
    func close() {
        input.withLock { try? $0.close() }
        process.waitUntilExit()
    }
}
