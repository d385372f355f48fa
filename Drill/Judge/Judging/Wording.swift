import FleetCore

/// Tells events and moments in the words of the history.
struct Wording {
    let truth: Truth
    let faults: [FaultRecord]

    /// An event, whose it is, and what was going on when it was written.
    func told(_ id: EventID) -> String {
        guard let fact = truth.facts[id] else { return "event \(id), which no writer wrote" }
        let transaction = truth.transaction(of: fact)
        return """
            event \(id): \(transaction.service), key \(fact.event.key), version \(fact.event.version), of transaction \
            \(transaction.id) (\(transaction.outcome.rawValue) at \(Self.seconds(transaction.at))\(during(transaction.at)))
            """
    }

    /// How long a fault may be over and still be named.
    private static let aftermath = 2_000

    private func during(_ moment: Int) -> String {
        let near = faults.filter { $0.begin <= moment && moment <= ($0.end ?? .max - Self.aftermath) + Self.aftermath }
        guard let fault = near.last else { return "" }
        let isOver = fault.end.map { $0 < moment } ?? false
        return ", \(isOver ? "just after" : "during") fault \(fault.number), \(fault.name)"
    }

    static func seconds(_ milliseconds: Int) -> String {
        let rest = milliseconds % 1_000
        return "\(milliseconds / 1_000).\(String(repeating: "0", count: rest < 10 ? 2 : rest < 100 ? 1 : 0))\(rest) s"
    }

    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// Some of many: the first few, and how many there are.
struct Examples {
    private static let limit = 3
    private(set) var texts: [String] = []
    private(set) var count = 0

    mutating func add(_ text: @autoclosure () -> String) {
        count += 1
        if texts.count < Self.limit { texts.append(text()) }
    }

    var isEmpty: Bool { count == 0 }
}
