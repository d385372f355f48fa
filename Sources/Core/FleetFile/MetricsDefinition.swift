/// Where a fleet that runs says how it is doing.
public struct MetricsDefinition: Sendable, Hashable {
    /// An address of the loopback interface, or `localhost`.
    public var host: String
    /// 0 for one that is free.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`, as in a URL.
    public var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
