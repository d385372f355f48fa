import FleetCore
import FleetFile
import Testing

@testable import Control

/// Stores on one server share what looks may take of its time.
@Suite struct ServerPaceTests {
    private typealias Instant = ContinuousClock.Instant

    /// However many stores a server has, looks at all of them together take a hundredth of its time, and each is looked at.
    @Test(arguments: [(1, 20), (1, 400), (2, 60), (20, 20), (200, 1), (200, 20)])
    func allLooksTogetherTakeAHundredth(_ count: Int, _ milliseconds: Int) async {
        let (pace, begin) = (ServerPace(), ContinuousClock.now)
        let took = Duration.milliseconds(milliseconds)
        // Each of them asks on its own, whenever its pause is over.
        var wakes = [Instant](repeating: begin, count: count)
        var last = wakes
        var looks = [Int](repeating: 0, count: count)
        var (oldest, shortest, longest) = (Duration.zero, Duration.seconds(3600), Duration.zero)
        let length = Duration.seconds(7200)
        while let store = wakes.indices.min(by: { wakes[$0] < wakes[$1] }), wakes[store] - begin < length {
            if store == 0 { await Task.yield() }
            var now = wakes[store]
            if pace.begins("\(store)", at: now) {
                now += took
                pace.looked("\(store)", took, at: now)
                looks[store] += 1
                oldest = max(oldest, now - last[store])
                last[store] = now
            }
            let pause = pace.pause(of: "\(store)", at: now)
            (shortest, longest) = (min(shortest, pause), max(longest, pause))
            wakes[store] = now + pause
        }
        #expect(shortest >= LookPace.interval && longest <= LookPace.longest)
        let all = looks.reduce(0, +)
        // At the start each is looked at once, and the last looks are not paid for yet.
        let unpaid = LookPace.burst + took * (2 * count)
        #expect((took * all - unpaid) / length <= 0.01, "\(all) looks")
        // Nobody's numbers are much older than the time in which all have their turn.
        let round = max(LookPace.interval, took * count * 100)
        #expect(oldest <= round * 2 + LookPace.longest * 2, "\(oldest), where a round takes \(round)")
        #expect((looks.min() ?? 0) * 3 >= (looks.max() ?? 0), "\(looks)")
    }

    /// What stores have in common is asked for once in a round, in which each of them has its turn, and the round is short.
    @Test(arguments: [(1, 200), (20, 20), (200, 20), (200, 200)])
    func whatStoresHaveInCommonHasItsTurnToo(_ count: Int, _ milliseconds: Int) {
        let (pace, begin) = (ServerPace(), ContinuousClock.now)
        let (own, shared) = (Duration.milliseconds(2), Duration.milliseconds(milliseconds))
        var wakes = [Instant](repeating: begin, count: count)
        var last = wakes
        var asked: Instant?
        var (looks, asks, oldest, oldestShared) = (0, 0, Duration.zero, Duration.zero)
        let length = Duration.seconds(7200)
        while let store = wakes.indices.min(by: { wakes[$0] < wakes[$1] }), wakes[store] - begin < length {
            var now = wakes[store]
            if pace.begins("\(store)", at: now) {
                now += own
                if pace.begins("the server", isKnown: asked != nil, at: now) {
                    #expect(asked.map { now - $0 >= LookPace.interval } ?? true)
                    now += shared
                    pace.looked("the server", shared, at: now)
                    asks += 1
                    asked = now
                }
                oldestShared = max(oldestShared, asked.map { now - $0 } ?? length)
                pace.looked("\(store)", own, at: now)
                looks += 1
                oldest = max(oldest, now - last[store])
                last[store] = now
            }
            wakes[store] = now + pace.pause(of: "\(store)", at: now)
        }
        let unpaid = LookPace.burst + (own * count + shared) * 2
        #expect((own * looks + shared * asks - unpaid) / length <= 0.01, "\(looks) looks, \(asks) questions")
        let round = max(LookPace.interval, (own * count + shared) * 100)
        #expect(oldest <= round + LookPace.longest, "\(oldest), where a round takes \(round)")
        #expect(oldestShared <= round + LookPace.longest, "\(oldestShared), where a round takes \(round)")
        #expect(asks > 100)
    }

    /// Where nothing is known, it is asked for whatever is left, and paid for.
    @Test func whatNobodyKnowsIsAskedForAtOnce() {
        let (pace, begin) = (ServerPace(), ContinuousClock.now)
        pace.looked("a", .seconds(2), at: begin)
        #expect(!pace.begins("the server", isKnown: true, at: begin + .seconds(6)))
        #expect(pace.begins("the server", isKnown: false, at: begin + .seconds(6)))
        pace.looked("the server", .milliseconds(500), at: begin + .seconds(6))
        #expect(!pace.begins("b", at: begin + .seconds(140)))
        #expect(pace.begins("b", at: begin + .seconds(160)))
    }

    /// A server that was started again is asked as another one; the former one has no turn any more.
    @Test func whoComesNoMoreHasNoTurn() {
        let (pace, begin) = (ServerPace(), ContinuousClock.now)
        for store in ["a", "b", "gone"] { pace.looked(store, .milliseconds(store == "gone" ? 400 : 200), at: begin) }
        let later = begin + .seconds(3700)
        for store in ["a", "b"] {
            #expect(pace.begins(store, at: later))
            pace.looked(store, .milliseconds(200), at: later)
        }
        // There is little left, and a round takes 200 + 200 + 800 ms.
        pace.looked("c", .milliseconds(800), at: later)
        #expect(pace.begins("c", isKnown: false, at: later))
        #expect(!pace.begins("a", at: later + .seconds(119)))
        #expect(pace.begins("a", at: later + .seconds(121)))
    }

    /// One slow look of one store is no reason to leave all of them alone for long.
    @Test func aSlowMomentIsOverSoon() {
        let (pace, begin) = (ServerPace(), ContinuousClock.now)
        for store in ["a", "b"] {
            #expect(pace.begins(store, at: begin))
            pace.looked(store, .milliseconds(5), at: begin)
        }
        let later = begin + .seconds(60)
        #expect(pace.begins("a", at: later))
        pace.looked("a", .milliseconds(900), at: later)
        #expect(pace.begins("b", at: later + .seconds(5)))
    }

    /// What takes more than its share is waited for by all.
    @Test func whatOneTakesTheOthersLack() {
        let (pace, begin) = (ServerPace(), ContinuousClock.now)
        #expect(pace.begins("a", at: begin))
        pace.looked("a", .seconds(2), at: begin)
        #expect(!pace.begins("b", at: begin + .seconds(60)))
        #expect(pace.begins("b", at: begin + .seconds(101)))
    }

    #if Postgres
        @Test func storesOnOneServerHaveOnePace() throws {
            let text = """
                fleet: bank
                services:
                  accounts: {store: {url: "postgres://a@db.example/bank", schema: accounts}, publishes: [Opened]}
                  ledger: {store: {url: "postgres://l@db.example:5432/ledger", schema: ledger}, publishes: [Booked]}
                  other: {store: "postgres://a@db.example:5433/bank", publishes: [Seen]}
                  near: {store: "sqlite:near.db", publishes: [Seen]}
                  nearer: {store: "sqlite:nearer.db", publishes: [Seen]}
                """
            let reader = FleetFileReader(
                environment: [:], storeSchemes: ["sqlite", "postgres"], brokerEngines: ["embedded"])
            let fleet = try #require(reader.read(text: text, path: "/fleets/bank/fleet.yaml").definition)
            let paces = ServerPaces(fleet)
            #expect(paces.pace(of: "accounts") === paces.pace(of: "ledger"))
            let different = ["accounts", "other", "near", "nearer"].map { ObjectIdentifier(paces.pace(of: $0)) }
            #expect(Set(different).count == 4)
        }
    #endif
}
