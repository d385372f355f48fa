import FleetCore
import Signals
import Synchronization
import TestKit
import Testing

/// Answers that all who look have in common are asked for once, and nobody hangs on who asks.
@Suite struct SharedAnswersTests {
    private typealias Answers = SharedAnswers<String, Int>

    /// Goes on with whatever is known.
    private final class Patient: AskingPace {
        private let names = Mutex<[String]>([])

        /// What was asked for.
        var asked: [String] { names.withLock { $0 } }

        func begins(_ what: String, isKnown: Bool) -> Bool { !isKnown }
        func ended(_ what: String, _ took: Duration) { names.withLock { $0.append(what) } }
    }

    /// How often somebody asks.
    private final class Tally: Sendable {
        private let count = Atomic(0)

        var value: Int { count.load(ordering: .relaxed) }
        func add() { count.wrappingAdd(1, ordering: .relaxed) }
    }

    private static var soon: ContinuousClock.Instant { ContinuousClock.now + .seconds(60) }

    private static func value(_ taken: Answers.Taken) -> Int? {
        guard case .told(let value) = taken.outcome else { return nil }
        return value
    }

    private static func error(_ taken: Answers.Taken) -> FleetError? {
        guard case .failed(let error) = taken.outcome else { return nil }
        return error
    }

    @Test func oneAsksAndTheOthersTakeItsAnswer() async throws {
        let (pace, open) = (Patient(), ChangeSignal())
        let answers = Answers(limit: 4, pace: pace)
        let asks = Tally()
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let taken = try await answers.answer(to: "a", named: "a", until: Self.soon) { _ in
                        asks.add()
                        await open.wait(past: 0)
                        return ("a", 7)
                    }
                    return Self.value(taken)
                }
            }
            try await eventually("somebody asks") { asks.value > 0 }
            open.notify()
            for try await value in group { #expect(value == 7) }
        }
        #expect(asks.value == 1 && pace.asked == ["a"])
    }

    /// While somebody asks again, the others go on with what is known.
    @Test func whatIsKnownIsTakenAtOnce() async throws {
        let answers = Answers(limit: 4, pace: nil)
        let (asking, open) = (ChangeSignal(), ChangeSignal())
        _ = try await answers.answer(to: "a", named: "a", until: Self.soon) { _ in ("a", 1) }
        async let second = answers.answer(to: "a", named: "a", until: Self.soon) { known in
            asking.notify()
            await open.wait(past: 0)
            return ("a", (known ?? 0) + 1)
        }
        await asking.wait(past: 0, timeout: .seconds(60))
        let third = try await answers.answer(to: "a", named: "a", until: ContinuousClock.now) { _ in ("a", 100) }
        #expect(Self.value(third) == 1)
        open.notify()
        #expect(Self.value(try await second) == 2)
    }

    @Test(arguments: [true, false]) func whoFailsOrIsCancelledIsFollowedByTheNext(isCancelled: Bool) async throws {
        let answers = Answers(limit: 4, pace: Patient())
        let (asking, open) = (ChangeSignal(), ChangeSignal())
        let asker = Task {
            try await answers.answer(to: "a", named: "a", until: Self.soon) { _ in
                asking.notify()
                await open.wait(past: 0)
                try Task.checkCancellation()
                throw FleetError(.unavailable, "the wire was cut")
            }
        }
        await asking.wait(past: 0, timeout: .seconds(60))
        let asks = Tally()
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let taken = try await answers.answer(to: "a", named: "a", until: Self.soon) { _ in
                        asks.add()
                        return ("a", 2)
                    }
                    return Self.value(taken)
                }
            }
            if isCancelled { asker.cancel() } else { open.notify() }
            for try await value in group { #expect(value == 2) }
        }
        #expect(asks.value == 1)
        if isCancelled {
            await #expect(throws: FleetError.self) { try await asker.value }
        } else {
            #expect(Self.error(try await asker.value)?.code == .unavailable)
        }
    }

    /// Who waits is refused as well, and nobody who comes later.
    @Test func aRefusalIsToldToThoseWhoWaitForIt() async throws {
        try await eventually("somebody waits while another is refused") {
            let answers = Answers(limit: 4, pace: Patient())
            let (asking, open) = (ChangeSignal(), ChangeSignal())
            async let first = answers.answer(to: "a", named: "a", until: Self.soon) { _ in
                asking.notify()
                await open.wait(past: 0)
                throw FleetError(.denied, "no")
            }
            await asking.wait(past: 0, timeout: .seconds(60))
            async let second = answers.answer(to: "a", named: "a", until: Self.soon) { _ in ("a", 2) }
            await Task.yield()
            open.notify()
            #expect(Self.error(try await first)?.code == .denied)
            let waited = try await second
            let third = try await answers.answer(to: "a", named: "a", until: Self.soon) { _ in ("a", 2) }
            #expect(Self.value(third) == 2)
            return Self.error(waited)?.code == .denied
        }
    }

    @Test func nobodyWaitsForEver() async throws {
        let answers = Answers(limit: 4, pace: Patient())
        let (asking, open) = (ChangeSignal(), ChangeSignal())
        async let asker = answers.answer(to: "a", named: "a", until: Self.soon) { _ in
            asking.notify()
            await open.wait(past: 0)
            return ("a", 1)
        }
        await asking.wait(past: 0, timeout: .seconds(60))
        let pause = Duration.milliseconds(20)
        let late = try await answers.answer(to: "a", named: "a", until: ContinuousClock.now + pause) { _ in ("a", 2) }
        guard case .late = late.outcome else {
            Issue.record("\(late)")
            return
        }
        #expect(late.took > .zero)
        let waiter = Task {
            try await answers.answer(to: "a", named: "a", until: Self.soon) { _ in ("a", 2) }
        }
        waiter.cancel()
        await #expect(throws: FleetError.self) { try await waiter.value }
        open.notify()
        #expect(Self.value(try await asker) == 1)
    }

    /// What was known goes with a failure: it is not told as what is so now.
    @Test func whatFailsIsNotKnownAnyMore() async throws {
        let answers = Answers(limit: 4, pace: nil)
        let known = Mutex<[Int?]>([])
        for number in 1...4 {
            _ = try await answers.answer(to: "a", named: "a", until: Self.soon) { last in
                known.withLock { $0.append(last) }
                if number == 2 { throw FleetError(.unavailable, "gone") }
                return ("a", number)
            }
        }
        #expect(known.withLock { $0 } == [nil, 1, nil, 3])
    }

    /// An answer is kept as what it answers, whatever it was asked for.
    @Test func anotherAnswerIsNotMistaken() async throws {
        let answers = Answers(limit: 4, pace: Patient())
        let found = try await answers.answer(to: "former", named: "a", until: Self.soon) { _ in ("new", 1) }
        #expect(Self.value(found) == 1)
        let new = try await answers.answer(to: "new", named: "a", until: Self.soon) { _ in ("new", 2) }
        #expect(Self.value(new) == 1)
        let former = try await answers.answer(to: "former", named: "a", until: Self.soon) { known in
            #expect(known == nil)
            return ("former", 3)
        }
        #expect(Self.value(former) == 3)
    }

    @Test func soManyAreKnownAndNoMore() async throws {
        let pace = Patient()
        let answers = Answers(limit: 2, pace: pace)
        for key in ["a", "b", "a", "c", "a", "c", "b"] {
            _ = try await answers.answer(to: key, named: key, until: Self.soon) { _ in (key, 1) }
        }
        #expect(pace.asked == ["a", "b", "c", "b"])
    }
}
