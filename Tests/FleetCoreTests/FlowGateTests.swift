import FleetCore
import Testing

@Suite struct FlowGateTests {
    @Test func whoWaitsHearsOfIt() async {
        let gate = FlowGate()
        let known = gate.standing
        async let heard = gate.standing(after: known)
        gate.setPaused(true)
        #expect(await heard.isPaused)
        let paused = gate.standing
        // What was told already is not told again.
        gate.setPaused(true)
        #expect(gate.standing == paused)
        gate.restart()
        #expect(gate.standing != paused && gate.isPaused)
    }

    @Test func workIsCutShort() async throws {
        let gate = FlowGate()
        async let result = gate.whileOpen {
            try await Task.sleep(for: .seconds(600))
            return 1
        }
        gate.setPaused(true)
        #expect(try await result == nil)
        #expect(try await gate.whileOpen { 1 } == nil)
        gate.setPaused(false)
        #expect(try await gate.whileOpen { 1 } == 1)
        await #expect(throws: FleetError.self) {
            _ = try await gate.whileOpen { throw FleetError(.busy, "on purpose") }
        }
    }
}
