import FleetCore
import Objectives
import Testing

/// What people read of objectives.
@Suite struct ObjectiveTextTests {
    @Test func sharesAreTheNumbersThatWereWritten() {
        for (share, text) in [
            (0.9995, "99.95%"), (0.99, "99%"), (0.9, "90%"), (1 - 0.999, "0.1%"), (0.99999, "99.999%"),
        ] {
            #expect(ObjectiveText.written(share) == text)
        }
        // Not all is not all.
        #expect(ObjectiveText.percent(0.9999) == "99.99%" && ObjectiveText.percent(0.9999999) == "99.999%")
        #expect(ObjectiveText.percent(1) == "100%" && ObjectiveText.percent(0.4567) == "45.7%")
    }

    @Test func aBudgetIsOverdrawnAndNotLeft() {
        #expect(ObjectiveText.left(0.25) == "25% of it is left" && ObjectiveText.left(0) == "nothing of it is left")
        #expect(ObjectiveText.left(-11.02) == "it is overdrawn by 1102%")
    }

    private func reading(_ measure: ObjectiveMeasure, target: Double, threshold: Double? = nil) -> ObjectiveReading {
        ObjectiveReading(
            name: "o", subject: ObjectiveSubject(.push, "billing"), measure: measure, threshold: threshold,
            target: target, window: 86_400, total: 10, bad: 5, budgetLeft: -11.02, hoursToExhaustion: 0,
            burns: BurnRule.all(for: .seconds(86_400)).enumerated().map { number, rule in
                BurnReading(
                    severity: rule.severity, longWindow: rule.long.inSeconds, shortWindow: rule.short.inSeconds,
                    limit: rule.rate, long: 20, short: 0, isFiring: number != 0, firingSince: nil)
            }, state: .breached, reason: nil)
    }

    @Test func goalsAreAsTheyAreDeclared() {
        #expect(ObjectiveText.goal(reading(.errors, target: 1 - 0.01)) == "at most 1% errors")
        #expect(ObjectiveText.goal(reading(.availability, target: 0.9995)) == "availability 99.95%")
        #expect(ObjectiveText.goal(reading(.latency, target: 0.99, threshold: 0.5)) == "latency in 500ms 99%")
    }

    /// One of four that ends is no end of them all.
    @Test func whatEndsNamesItsWindowAndWhatStillFires() throws {
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        let notice = AlertNotice(
            id: "1", fleet: try FleetName("shop"), reading: reading(.errors, target: 0.99), rule: 0, status: .resolved,
            since: now, at: now)
        #expect(
            notice.text
                == "objective o (errors of push billing) does not burn its budget too fast any more over 2m, but still"
                + " does over 12m (page), 48m (ticket), 144m (ticket): it is overdrawn by 1102%")
    }
}
