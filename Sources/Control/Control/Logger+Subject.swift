import FleetCore
import Logging
import Objectives

extension Logger {
    /// A logger whose lines say which service they are about.
    func about(_ service: ServiceName) -> Logger {
        var logger = self
        logger[metadataKey: "service"] = "\(service)"
        return logger
    }

    /// A logger whose lines say which stream they are about, and whose it is.
    func about(_ stream: StreamName) -> Logger {
        var logger = about(stream.service)
        logger[metadataKey: "stream"] = "\(stream)"
        return logger
    }
}

extension Logger {
    /// Tells of events that were just parked at a place.
    func tell(of parked: [ParkedNotice], at place: String) {
        for notice in parked {
            var metadata: Logger.Metadata = ["place": "\(place)"]
            if let id = notice.id { metadata["event"] = "\(id)" }
            if let type = notice.type { metadata["type"] = "\(type)" }
            warning(
                "an event is parked at \(place): \(notice.reason); see `flotilla parked list`",
                metadata: metadata.about(notice.trace))
        }
    }
}

extension Logger {
    /// Tells of an alert that begins or ends.
    func tell(_ notice: AlertNotice) {
        let level: Logger.Level = notice.status == .resolved ? .notice : notice.severity == .page ? .error : .warning
        log(
            level: level, "\(notice.text)",
            metadata: [
                "objective": "\(notice.objective)", "severity": "\(notice.severity.rawValue)",
                "alert": "\(notice.status.rawValue)", "window": "\(ObjectiveText.duration(notice.longWindow))",
            ])
    }
}

extension Logger.Metadata {
    /// The same, and which place of a trace it is about.
    func about(_ trace: TraceContext?) -> Logger.Metadata {
        guard let trace else { return self }
        return merging(["trace_id": "\(trace.trace)", "span_id": "\(trace.span)"]) { $1 }
    }
}
