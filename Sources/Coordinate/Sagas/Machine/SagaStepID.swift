/// One run of a step: its name, and in a for each the numbers of the items, from the outside in. Written `book[3]`.
public struct SagaStepID: Sendable, Hashable, Codable, CustomStringConvertible {
    public var name: String
    public var items: [Int]

    public init(_ name: String, items: [Int] = []) {
        self.name = name
        self.items = items
    }

    public var description: String { name + items.map { "[\($0)]" }.joined() }
}

/// Whether something is done, or undone.
public enum SagaDirection: String, Sendable, Hashable, Codable { case forward, compensation }

/// One attempt at a step or its compensation. An answer names it.
public struct SagaTicket: Sendable, Hashable, Codable, CustomStringConvertible {
    public var step: SagaStepID
    public var direction: SagaDirection
    /// From 1.
    public var attempt: Int

    public init(_ step: SagaStepID, _ direction: SagaDirection, attempt: Int) {
        self.step = step
        self.direction = direction
        self.attempt = attempt
    }

    /// By which whoever does it can tell that it was asked for already: the same for all attempts.
    public func idempotencyKey(of saga: String) -> String {
        "\(saga)/\(step)/\(direction == .forward ? "do" : "undo")"
    }

    public var description: String { "\(direction) of \(step), attempt \(attempt)" }
}
