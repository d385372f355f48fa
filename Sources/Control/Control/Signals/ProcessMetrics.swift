import FleetCore
import Foundation
import Signals

/// What the process itself takes, as Linux tells it.
struct ProcessMetrics: Sendable {
    static let time = Metric(
        "process.cpu.time", .counter, .seconds, ["cpu.mode"], "Processor time of this process.")
    static let memory = Metric("process.memory.usage", .gauge, .bytes, [], "Resident memory of this process.")
    static let virtual = Metric("process.memory.virtual", .gauge, .bytes, [], "Virtual memory of this process.")
    static let threads = Metric("process.thread.count", .gauge, .things("thread"), [], "Threads of this process.")
    static let descriptors = Metric(
        "process.open_file_descriptor.count", .gauge, .things("file_descriptor"), [],
        "File descriptors that this process has open.")
    static let uptime = Metric("process.uptime", .gauge, .seconds, [], "How long this process runs.")

    static let all = [time, memory, virtual, threads, descriptors, uptime]

    private let registry: SignalRegistry
    private let begun = ContinuousClock.now

    init(_ registry: SignalRegistry) { self.registry = registry }

    func refresh() {
        registry.gauge(Self.uptime).series().set((ContinuousClock.now - begun).inSeconds)
        var usage = rusage()
        if getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 {
            registry.gauge(Self.time).series("user").set(Self.seconds(usage.ru_utime))
            registry.gauge(Self.time).series("system").set(Self.seconds(usage.ru_stime))
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

    private static func words(of file: String) -> [Substring]? {
        (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: " ")
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
}
