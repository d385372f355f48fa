import Testing

@testable import Control

@Suite struct LookPaceTests {
    /// Whatever looks take, they take a hundredth of the time, and whether somebody answers is asked all the same.
    @Test(arguments: [1, 20, 60, 400, 4000, 20_000])
    func looksTakeAHundredthOfTheTime(_ milliseconds: Int) {
        let begin = ContinuousClock.now
        var (now, pace) = (begin, LookPace())
        var (looking, longest) = (Duration.zero, Duration.zero)
        var looks = 0
        let took = Duration.milliseconds(milliseconds)
        while now - begin < .seconds(86_400) {
            if pace.isDue(at: now) {
                now += took
                looking += took
                looks += 1
                pace.looked(took, at: now)
            }
            let pause = pace.pause(at: now)
            longest = max(longest, pause)
            #expect(pause >= LookPace.interval)
            now += pause
        }
        // The last look is not paid for yet.
        #expect((looking - took - LookPace.burst) / (now - begin) <= 0.01, "\(looking)")
        #expect(longest <= .seconds(30) && looks >= 40, "\(looks) looks")
    }
}
