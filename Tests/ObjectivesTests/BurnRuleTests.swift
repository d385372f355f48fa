import FleetCore
import Objectives
import Testing

/// The constants for multiple windows and burn rates, as they are published.
@Suite struct BurnRuleTests {
    @Test func thoseOfThirtyDays() {
        let rules = BurnRule.all(for: .seconds(30 * 86_400))
        #expect(rules.map(\.severity) == [.page, .page, .ticket, .ticket])
        #expect(rules.map(\.rate) == [14.4, 6, 3, 1])
        #expect(rules.map(\.share) == [0.02, 0.05, 0.1, 0.1])
        #expect(rules.map(\.long) == [.seconds(3600), .seconds(21_600), .seconds(86_400), .seconds(259_200)])
        #expect(rules.map(\.short) == [.seconds(300), .seconds(1800), .seconds(7200), .seconds(21_600)])
    }

    @Test(arguments: [1, 7, 28, 30, 90])
    func aRateIsItsShareOfTheBudgetInItsLongWindow(days: Int64) {
        let window = Duration.seconds(days * 86_400)
        for rule in BurnRule.all(for: window) {
            #expect(abs(rule.rate - rule.share * window.inSeconds / rule.long.inSeconds) < 1e-9)
            #expect(abs(rule.short.inSeconds * 12 - rule.long.inSeconds) < 1e-4)
        }
    }
}
