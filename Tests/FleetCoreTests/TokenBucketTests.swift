import FleetCore
import Testing

@Suite struct TokenBucketTests {
    private let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private func after(_ milliseconds: Int64) -> Timestamp { start.advanced(by: .milliseconds(milliseconds)) }

    @Test func whatComesTooSoonWaitsItsTurn() {
        var bucket = TokenBucket(rate: EventRate(100), capacity: 10, at: start)
        #expect(bucket.take(10, at: start) == .zero)
        #expect(bucket.take(10, at: start) == .milliseconds(100))
        // Who asks next waits for those before.
        #expect(bucket.take(5, at: start) == .milliseconds(150))
        #expect(bucket.take(5, at: after(150)) == .milliseconds(50))
    }

    @Test func aRestSavesNoMoreThanTheCapacity() {
        var bucket = TokenBucket(rate: EventRate(100), capacity: 10, at: start)
        #expect(bucket.take(10, at: after(60_000)) == .zero)
        #expect(bucket.take(1, at: after(60_000)) == .milliseconds(10))
    }

    @Test func nothingIsWaitedForWhereNothingIsTaken() {
        var bucket = TokenBucket(rate: EventRate(1, per: .hour), capacity: 1, at: start)
        #expect(bucket.take(0, at: start) == .zero)
        #expect(bucket.take(1, at: start) == .zero)
        #expect(bucket.take(1, at: start) == .seconds(3600))
    }

    @Test func aClockThatIsPutBackHoldsNothingUp() {
        var bucket = TokenBucket(rate: EventRate(10), capacity: 1, at: start)
        #expect(bucket.take(1, at: start) == .zero)
        #expect(bucket.take(1, at: after(-3_600_000)) == .milliseconds(100))
        #expect(bucket.take(0, at: after(-3_600_000 + 100)) == .zero)
    }

    /// Over any time from the start, no more come than the rate allows and the bucket held.
    @Test(arguments: [1, 7, 500, 999_983]) func theRateIsHeld(_ perSecond: Int) {
        var bucket = TokenBucket(
            rate: EventRate(EventCount(perSecond)), capacity: EventCount(max(1, perSecond / 10)), at: start)
        var now = start
        var passed = 0
        for turn in 1...400 {
            let count = max(1, perSecond / 10 - turn % 3)
            let wait = bucket.take(EventCount(count), at: now)
            now = now.advanced(by: wait)
            passed += count
            // To the microsecond, reckoned in whole numbers.
            let most = now.elapsed(since: start).wholeMicroseconds * Int64(perSecond) / 1_000_000
            #expect(Int64(passed) <= most + Int64(max(1, perSecond / 10)))
        }
        // And no fewer, but for a microsecond each time.
        let least = (now.elapsed(since: start).wholeMicroseconds - 400) * Int64(perSecond) / 1_000_000
        #expect(Int64(passed) >= least)
    }

    @Test func nothingOverflows() {
        var bucket = TokenBucket(rate: EventRate(1, per: .hour), capacity: EventCount(.max), at: start)
        #expect(bucket.take(EventCount(.max), at: Timestamp(microseconds: .max)) >= .zero)
        #expect(bucket.take(EventCount(.max), at: Timestamp(microseconds: .min)) > .zero)
        #expect(bucket.take(EventCount(.max), at: Timestamp(microseconds: .max)) >= .zero)
    }

    @Test(arguments: [("500/s", 500, "s"), ("30/m", 30, "m"), ("1/h", 1, "h"), ("1000000/s", 1_000_000, "s")])
    func ratesAreRead(_ text: String, _ count: Int, _ unit: String) {
        let rate = EventRate(unitText: text)
        #expect(rate?.count == EventCount(count) && rate?.unit.rawValue == unit)
        #expect(rate?.description == text)
    }

    @Test(arguments: [
        "", "500", "500/", "/s", "0/s", "-1/s", "5 /s", "5/ s", "5/d", "1.5/s", "1000001/s", "99999999999999999999/s",
        "٥/s",
    ])
    func whatIsNoRateIsNotRead(_ text: String) {
        #expect(EventRate(unitText: text) == nil)
    }
}
