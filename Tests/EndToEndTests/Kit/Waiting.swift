import FleetCore
import Testing

/// Looks again and again until there is a value. Time in which the tests' process stands still counts little.
/// - Throws: where there is none within `limit`.
@discardableResult
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(180), every interval: Duration = .milliseconds(10),
    _ look: () async throws -> Value?
) async throws -> Value {
    var time = WaitingTime(limit)
    while true {
        if let value = try await look() { return value }
        guard !time.isOver() else { throw Trouble("not within \(limit): \(what)") }
        try await Task.sleep(for: interval)
    }
}

/// Looks again and again until it is true.
func eventually(
    _ what: String, within limit: Duration = .seconds(180), every interval: Duration = .milliseconds(10),
    isTrue look: () async throws -> Bool
) async throws {
    _ = try await eventually(what, within: limit, every: interval) { try await look() ? true : nil }
}

/// Does something again and again, for as long as a process of a test shall be left alone.
func during(_ time: Duration, every interval: Duration = .milliseconds(2), _ body: () async throws -> Void) async throws
{
    let end = ContinuousClock.now + time
    repeat {
        try await body()
        let rest = end - ContinuousClock.now
        if rest > .zero { try await Task.sleep(for: min(interval, rest)) }
    } while ContinuousClock.now < end
}

/// Tests that start processes share few lanes, so that two cores suffice.
struct LanesTrait: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await body() }
        await Lanes.shared.enter()
        do {
            try await body()
            await Lanes.shared.leave()
        } catch {
            await Lanes.shared.leave()
            throw error
        }
    }
}

extension Trait where Self == LanesTrait {
    /// At most three of these tests run at a time.
    static var lanes: LanesTrait { LanesTrait() }
}

private actor Lanes {
    static let shared = Lanes(3)
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
