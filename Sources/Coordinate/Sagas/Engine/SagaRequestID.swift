import SagaModel

/// How an answer names the attempt that it answers: `SAGA/STEP/do/ATTEMPT`.
struct SagaRequestID: Hashable, CustomStringConvertible {
    let saga: String
    let ticket: SagaTicket

    init(_ saga: String, _ ticket: SagaTicket) {
        self.saga = saga
        self.ticket = ticket
    }

    /// `nil` where `text` is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 4, let attempt = Int(parts[parts.count - 1]), attempt > 0,
            let step = SagaStepID(text: parts[parts.count - 3])
        else { return nil }
        let direction: SagaDirection
        switch parts[parts.count - 2] {
        case "do": direction = .forward
        case "undo": direction = .compensation
        default: return nil
        }
        saga = parts.dropLast(3).joined(separator: "/")
        ticket = SagaTicket(step, direction, attempt: attempt)
    }

    var description: String { "\(ticket.idempotencyKey(of: saga))/\(ticket.attempt)" }
}

extension SagaStepID {
    /// As ``description`` has it: `book[3]`. `nil` where `text` is no such.
    public init?(text: some StringProtocol) {
        guard let open = text.firstIndex(of: "[") else {
            guard !text.isEmpty else { return nil }
            self.init(String(text))
            return
        }
        let name = text[..<open]
        var items: [Int] = []
        for part in text[open...].split(separator: "[", omittingEmptySubsequences: true) {
            guard part.last == "]", let item = Int(part.dropLast()), item >= 0 else { return nil }
            items.append(item)
        }
        guard !name.isEmpty else { return nil }
        self.init(String(name), items: items)
    }
}
