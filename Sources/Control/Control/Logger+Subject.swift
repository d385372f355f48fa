import FleetCore
import Logging

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
