import FleetCore
import Foundation
import Signals
import Synchronization

/// What the process itself takes, as Linux tells it.
final class ProcessMetrics: Sendable {
    static let time = Metric(
        "process.cpu.time", .counter, .seconds, ["cpu.mode"], "Processor time of this process.")
    static let utilization = Metric(
        "process.cpu.utilization", .gauge, .ratio, ["cpu.mode"],
        "How much of all processors this process used in the last five seconds that were measured.")
    static let memory = Metric(
        "process.memory.usage", .gauge, .bytes, [], "Resident memory of this process.", isSum: true)
    static let virtual = Metric(
        "process.memory.virtual", .gauge, .bytes, [], "Virtual memory of this process.", isSum: true)
    static let threads = Metric(
        "process.thread.count", .gauge, .things("thread"), [], "Threads of this process.", isSum: true)
    static let descriptors = Metric(
        "process.open_file_descriptor.count", .gauge, .things("file_descriptor"), [],
        "File descriptors that this process has open.", isSum: true)
    static let switches = Metric(
        "process.context_switches", .counter, .things("context_switch"), ["process.context_switch.type"],
        "How often a thread of this process gave way: because it waited (voluntary), or to others (involuntary).")
    static let faults = Metric(
        "process.paging.faults", .counter, .things("fault"), ["system.paging.fault.type"],
        "Pages that were not where this process looked for them: those read from a disk (major), and others (minor).")
    static let disk = Metric(
        "process.disk.io", .counter, .bytes, ["disk.io.direction"],
        "What this process had disks read and write, where the system tells.")
    static let uptime = Metric("process.uptime", .gauge, .seconds, [], "How long this process runs.")

    static let all = [
        time, utilization, memory, virtual, threads, descriptors, switches, faults, disk, uptime,
    ]

    /// Processor time at a moment, in seconds.
    private struct Used {
        var at: ContinuousClock.Instant
        var user: Double
        var system: Double
    }

    private let registry: SignalRegistry
    private let begun = ContinuousClock.now
    private let last = Mutex<Used?>(nil)

    /// Many may read: none of them makes this shorter.
    private static let window = Duration.seconds(5)

    init(_ registry: SignalRegistry) { self.registry = registry }

    func refresh() {
        registry.gauge(Self.uptime).series().set((ContinuousClock.now - begun).inSeconds)
        var usage = rusage()
        if getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 {
            let used = Used(at: .now, user: Self.seconds(usage.ru_utime), system: Self.seconds(usage.ru_stime))
            registry.gauge(Self.time).series("user").set(used.user)
            registry.gauge(Self.time).series("system").set(used.system)
            tellUtilization(used)
            registry.gauge(Self.switches).series("voluntary").set(usage.ru_nvcsw)
            registry.gauge(Self.switches).series("involuntary").set(usage.ru_nivcsw)
            registry.gauge(Self.faults).series("minor").set(usage.ru_minflt)
            registry.gauge(Self.faults).series("major").set(usage.ru_majflt)
        }
        if let text = try? String(contentsOfFile: "/proc/self/io", encoding: .utf8) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count == 2, let bytes = Double(words[1]) else { continue }
                switch words[0] {
                case "read_bytes:": registry.gauge(Self.disk).series("read").set(bytes)
                case "write_bytes:": registry.gauge(Self.disk).series("write").set(bytes)
                default: break
                }
            }
        }
        if let pages = Self.words(of: "/proc/self/statm"), pages.count > 1 {
            let size = Double(sysconf(Int32(_SC_PAGESIZE)))
            registry.gauge(Self.virtual).series().set(Double(pages[0]).map { $0 * size })
            registry.gauge(Self.memory).series().set(Double(pages[1]).map { $0 * size })
        }
        // Behind the program's name, which may hold anything: the 20th word of all.
        if let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        {
            let words = text[end...].split(separator: " ")
            if words.count > 18 { registry.gauge(Self.threads).series().set(Double(words[18])) }
        }
        if let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            registry.gauge(Self.descriptors).series().set(names.count)
        }
    }

    private func tellUtilization(_ used: Used) {
        let before = last.withLock { last -> Used? in
            guard let before = last, used.at - before.at >= Self.window else {
                if last == nil { last = used }
                return nil
            }
            last = used
            return before
        }
        guard let before else { return }
        let available = (used.at - before.at).inSeconds * Double(ProcessInfo.processInfo.activeProcessorCount)
        registry.gauge(Self.utilization).series("user").set((used.user - before.user) / available)
        registry.gauge(Self.utilization).series("system").set((used.system - before.system) / available)
    }

    private static func words(of file: String) -> [Substring]? {
        (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: " ")
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
}
