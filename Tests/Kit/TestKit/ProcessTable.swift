import Foundation

/// The processes of the machine, as `/proc` tells them.
public enum ProcessTable {
    /// A process and all that it started, it first.
    public static func tree(of root: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(name), let parent = parent(of: process) else { continue }
            children[parent, default: []].append(process)
        }
        var all = [root]
        var next = 0
        while next < all.count {
            all += children[all[next]] ?? []
            next += 1
        }
        return all
    }

    /// Whether a process has not ended. One that has, and that nobody has asked for its end yet, has.
    public static func isRunning(_ process: Int32) -> Bool { state(of: process).map { $0 != "Z" } ?? false }

    /// Whether a process is stopped, by SIGSTOP or the like.
    public static func isStopped(_ process: Int32) -> Bool { state(of: process) == "T" }

    private static func parent(of process: Int32) -> Int32? {
        let fields = status(of: process)
        return fields.count > 1 ? Int32(fields[1]) : nil
    }

    private static func state(of process: Int32) -> Substring? { status(of: process).first }

    /// What stands behind the name of the program, which, in parentheses, may hold anything (proc(5)).
    private static func status(of process: Int32) -> [Substring] {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
