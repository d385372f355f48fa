import FleetCore

extension FleetDirectory {
    /// Runs the program with a crash point armed, while `meanwhile` happens again and again, until it is killed there.
    /// - Throws: where it never passes the point often enough.
    func crash(
        at point: CrashPoint, pass: Int, _ arguments: [String], within limit: Duration = .seconds(180),
        meanwhile: () async throws -> Void = {}
    ) async throws {
        let program = try start(arguments, environment: ["FLOTILLA_CRASH_AT": "\(point.rawValue):\(pass)"])
        let ending = try await eventually(
            "\(point.rawValue) is passed \(pass) times", within: limit, every: .milliseconds(2)
        ) {
            if let ended = program.ended { return ended }
            try await meanwhile()
            return nil
        }
        guard ending == .signal(9) else {
            throw Trouble("\(point.rawValue), pass \(pass), was not reached: \(ending)\n\(program.errors)")
        }
    }
}
