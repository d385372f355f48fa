import FleetCore

/// What goes wrong with one call.
enum Fault {
    case none
    /// Nothing was done.
    case before(FleetError)
    /// All was done, and the answer is lost.
    case after(FleetError)
}

extension World {
    private static let passing = [
        FleetError(.busy, "locked", isRetriable: true),
        FleetError(.unavailable, "cannot be reached", isRetriable: true),
    ]
    private static let failing =
        passing + [
            FleetError(.full, "the disk is full", isRetriable: true), FleetError(.conflict, "moved", isRetriable: true),
            FleetError(.readOnly, "read-only"), FleetError(.statement, "a trigger refuses"),
        ]

    /// Draws what goes wrong with the next call.
    func drawFault() -> Fault {
        guard random.chance(faultPercent) else { return .none }
        if random.chance(30) {
            count(.lostAcknowledgement)
            return .after(Self.passing[random.below(Self.passing.count)])
        }
        return .before(Self.failing[random.below(Self.failing.count)])
    }

    /// One call to a store or a broker.
    func call<Result>(_ body: () throws -> Result) throws -> Result {
        let fault = drawFault()
        if case .before(let error) = fault { throw error }
        let result = try body()
        if case .after(let error) = fault { throw error }
        return result
    }

    /// Notes and counts what a call was refused with.
    func observe(_ error: FleetError, _ step: some Any) {
        note("  \(step) failed: \(error.code) \(error.message)")
        switch error.message {
        case "the stream is full": count(.brokerFull)
        case "too many are parked": count(.parkingFull)
        case "the key is no longer held": count(.conflict)
        default: break
        }
    }
}
