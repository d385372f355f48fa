import FleetCore
import Logging

/// Tells what stands in the way of pieces of work: each thing once when it begins, and once when it ends.
struct WorkLog: Sendable {
    struct Part: Sendable {
        let progress: FleetCore.Progress
        let logger: Logger
    }

    let parts: [Part]
    /// Notified by their progress.
    let changes: ChangeSignal

    /// Tells until the task is cancelled.
    func run() async {
        var told = [FleetError.Code?](repeating: nil, count: parts.count)
        while !Task.isCancelled {
            let generation = changes.generation
            for (index, part) in parts.enumerated() {
                let error = part.progress.snapshot.condition?.error
                guard error?.code != told[index] else { continue }
                told[index] = error?.code
                part.tell(error)
            }
            await changes.wait(past: generation)
            // Many changes at once are one.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension WorkLog.Part {
    fileprivate func tell(_ error: FleetError?) {
        guard let error else {
            logger.info("\(progress.name) goes on")
            return
        }
        var metadata = Logger.Metadata.of(error.trace)
        metadata["error"] = "\(error.code)"
        // That another process is at work is how it should be.
        logger.log(
            level: error.code == .busy ? .info : .warning, "\(progress.name) waits: \(error)", metadata: metadata)
    }
}

extension Logger {
    /// Tells of events that were just parked: neither their keys nor anything that they carry.
    func tell(of parked: [ParkedNotice], at place: String) {
        for notice in parked {
            var metadata = Metadata.of(notice.trace)
            if let id = notice.id { metadata["event"] = "\(id)" }
            if let type = notice.type { metadata["type"] = "\(type)" }
            warning("an event is parked at \(place): \(notice.reason); see `flotilla parked list`", metadata: metadata)
        }
    }
}

extension Logger.Metadata {
    /// Says which place of a trace a line is about.
    static func of(_ trace: TraceContext?) -> Logger.Metadata {
        guard let trace else { return [:] }
        return ["trace_id": "\(trace.trace)", "span_id": "\(trace.span)"]
    }
}
