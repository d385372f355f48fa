internal import FleetCore

/// Which service publishes what, for those that listen.
struct Publishers {
    /// What one service publishes.
    struct Publisher {
        /// `nil` where it could not be read: nothing can be said about it then.
        var types: PublishedTypes?
        /// The types that a message may show: those that no variable gave.
        var shown: [String] = []
    }

    let values: ValueReader
    private var publishers: [String: (name: ServiceName?, publisher: Publisher)] = [:]

    init(values: ValueReader) {
        self.values = values
    }

    mutating func add(_ service: String, _ name: ServiceName?, _ publisher: Publisher) {
        publishers[service] = (name, publisher)
    }

    func types(of service: String) -> PublishedTypes? { publishers[service]?.publisher.types }

    /// Reads `service.Type`, split at the first dot; `nil` where no such event is published, which is reported.
    func event(_ entry: NamedValue) -> (service: ServiceName, type: EventType)? {
        guard let dot = entry.name.utf8.firstIndex(of: UInt8(ascii: ".")) else {
            report(entry, "\(entry.shown) names no service", remedy: qualified(entry.name))
            return nil
        }
        let service = String(entry.name[..<dot])
        let type = String(entry.name[entry.name.index(after: dot)...])
        guard let (name, publisher) = publishers[service] else {
            let nearest = values.log.nearest(to: service, in: publishers.keys).map { "did you mean \"\($0)\"?" }
            report(entry, "there is no service \(Shown.quoted(service))", remedy: nearest ?? "services are \(services)")
            return nil
        }
        guard let types = publisher.types else { return nil }
        guard !types.isEmpty else {
            let remedy = "list \(Shown.quoted(type)) under its publishes"
            report(entry, "service \(Shown.quoted(service)) publishes nothing", remedy: remedy)
            return nil
        }
        guard types == .all || types.contains(type) else {
            let nearest = values.log.nearest(to: type, in: publisher.shown).map { "did you mean \"\($0)\"?" }
            let message = "service \(Shown.quoted(service)) does not publish \(Shown.quoted(type))"
            report(entry, message, remedy: nearest ?? "list it under its publishes")
            return nil
        }
        let checked: EventType? = values.name(type, shown: Shown.quoted(type), at: entry.mark, "an event")
        guard let name, let checked else { return nil }
        return (name, checked)
    }

    /// Reads the name of a service; `nil` where there is none of the name, which is reported.
    func service(_ read: FieldText) -> ServiceName? {
        if let (name, _) = publishers[read.text] { return name }
        let nearest = values.log.nearest(to: read.text, in: publishers.keys).map { "did you mean \"\($0)\"?" }
        values.log.error(
            at: read.mark, "there is no service \(read.shown)", remedy: nearest ?? "services are \(services)")
        return nil
    }

    private func report(
        _ entry: NamedValue, _ message: @autoclosure () -> String, remedy: @autoclosure () -> String
    ) {
        values.log.error(at: entry.mark, message(), remedy: remedy())
    }

    /// The event with the service that publishes it, if there is one.
    private func qualified(_ type: String) -> String {
        let service = publishers.filter { $0.value.publisher.shown.contains(type) }.keys.min()
        return service.map { "write \($0).\(type)" } ?? "write service.Type"
    }

    private var services: String {
        guard publishers.count <= 1_000 else { return "those under services:" }
        let names = publishers.keys.sorted()
        return names.prefix(10).map { Shown.cut($0) }.joined(separator: ", ") + (names.count > 10 ? ", …" : "")
    }
}
