import FleetCore
import FleetFile
import FlowModel
import Foundation
import Testing

/// The key `flows` of the fleet file.
@Suite struct FlowKeyTests {
    /// The shop's services, and a flow of these lines.
    private static func file(_ lines: String) -> String {
        let services = """
            fleet: shop
            services:
              orders: {store: "sqlite:o.db", publishes: [OrderPlaced, CancelOrder, Cancelled]}
              inventory: {store: "sqlite:i.db", publishes: [StockReserved]}
              payments: {store: "sqlite:p.db", publishes: [CardCharged]}
              shipping: {store: "sqlite:s.db", publishes: [Shipped]}
              mail: {store: "sqlite:m.db"}
            flows:

            """
        return services + lines.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
    }

    /// A flow that is right but for what is said.
    private static func flow(
        start: String = "orders.OrderPlaced", key: String = "key: order_id", within: String = "1h",
        _ rest: String = "end: shipping.Shipped"
    ) -> String {
        var lines = ["order:", "  start: \(start)"]
        if !key.isEmpty { lines.append("  \(key)") }
        lines.append("  within: \(within)")
        lines += rest.split(separator: "\n").map { "  \($0)" }
        return file(lines.joined(separator: "\n"))
    }

    private func check(_ text: String, _ part: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        Marked(text, part).check(sourceLocation: sourceLocation)
    }

    @Test func theExampleOfTheDocumentationIsRight() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let page = try String(contentsOf: root.appendingPathComponent("docs/flows.md"), encoding: .utf8)
        let start = try #require(page.range(of: "```yaml\nflows:\n"))
        let end = try #require(page.range(of: "```\n", range: start.upperBound..<page.endIndex))
        let lines = page[start.upperBound..<end.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
        let result = read(Self.file(lines.map { $0.dropFirst(2) }.joined(separator: "\n")))
        #expect(result.problems.map(\.description) == [])
        let flow = try #require(result.definition?.flows.first)
        #expect(flow.name.text == "order" && flow.within == .seconds(3600))
        #expect(
            flow.events.map(\.name.description) == [
                "orders.OrderPlaced", "inventory.StockReserved", "payments.CardCharged", "shipping.Shipped",
                "orders.Cancelled",
            ])
        #expect(flow.steps[0].limit == FlowLimit(.seconds(600)))
        #expect(flow.steps[1].limit == FlowLimit(.seconds(1200), since: .before))
        #expect(flow.steps[1].event.key == .field(["order", "id"]))
        #expect(flow.ends.map(\.isFailure) == [false, true])
        #expect(flow.onTimeout?.payload.map(\.value) == [.key, .start(["total"]), .text("flow order timed out")])
    }

    @Test func aRightFlow() throws {
        let result = read(Self.flow(key: "key: event", "end: [shipping.Shipped, {event: orders.Cancelled, key: a.b}]"))
        #expect(result.problems.isEmpty)
        let flow = try #require(result.definition?.flows.first)
        #expect(flow.start.key == .event && flow.ends[1].event.key == .field(["a", "b"]))
        #expect(flow.grace == .seconds(10) && flow.keep == .seconds(7 * 86_400) && flow.onTimeout == nil)
    }

    @Test func namesThatAreNotThere() {
        check(Self.flow(start: "‸order.OrderPlaced"), "did you mean \"orders\"?")
        check(Self.flow(start: "‸orders.OrderPlace"), "did you mean \"OrderPlaced\"?")
        check(Self.flow(start: "‸mail.Sent"), "publishes nothing")
        check(Self.flow("steps: [‸payments.CardChargd]\nend: shipping.Shipped"), "did you mean \"CardCharged\"?")
        check(Self.flow("end: [‸shipping.Shiped]"), "did you mean \"Shipped\"?")
        check(Self.flow("fail: ‸shipping.Shiped"), "did you mean \"Shipped\"?")
        check(
            Self.flow("end: shipping.Shipped\non_timeout: {send: ‸orders.CancelOrdr}"), "did you mean \"CancelOrder\"?")
        check(Self.flow("‸ends: shipping.Shipped"), "did you mean \"end\"?")
        check(
            Self.flow("steps: [{event: payments.CardCharged, ‸wihtin: 1m}]\nend: shipping.Shipped"),
            "did you mean \"within\"?")
        check(
            Self.flow("steps: [{event: payments.CardCharged, after: ‸shipping.Shipped}]\nend: orders.Cancelled"),
            "does not come before step payments.CardCharged")
        check(
            Self.flow("end: {event: shipping.Shipped, after: ‸payments.CardCharged}"),
            "does not come before end shipping.Shipped")
    }

    @Test func whatDoesNotFitTogether() {
        check(Self.file("‸order:\n  start: orders.OrderPlaced\n  key: event\n  within: 1h"), "has no end")
        check(Self.flow("steps: [payments.CardCharged, ‸payments.CardCharged]\nend: shipping.Shipped"), "named twice")
        check(Self.flow("end: ‸orders.OrderPlaced"), "named twice")
        check(
            Self.flow("steps: [{event: payments.CardCharged, within: ‸2h}]\nend: shipping.Shipped"),
            "is longer than that of flow order")
        check(
            Self.flow("steps: [{event: payments.CardCharged, within: ‸0s}]\nend: shipping.Shipped"), "is 0")
        check(Self.flow(within: "‸0s"), "is 0")
        check(Self.flow(within: "‸soon"), "is no length of time")
        check(
            Self.flow("end: shipping.Shipped\non_timeout: {send: ‸orders.OrderPlaced}"), "would begin flow order again")
        check(
            Self.flow("steps: [{event: payments.CardCharged, ‸since: before}]\nend: shipping.Shipped"), "says nothing")
        check(
            Self.flow("steps: [{event: payments.CardCharged, within: 1m, since: ‸befor}]\nend: shipping.Shipped"),
            "is no \"since\"; use start or before")
        check(
            Self.flow("end: shipping.Shipped\non_timeout: {send: orders.CancelOrder, payload: {a: ‸start..b}}"),
            "is no field of the start event")
    }

    @Test func whatIsMissing() {
        check(Self.flow(start: "‸orders.OrderPlaced", key: ""), "nothing says what of orders.OrderPlaced is the key")
        check(Self.flow(key: "key: ‸a..b"), "is no field of a payload")
        check(Self.file("order: ‸{key: event, within: 1h, end: shipping.Shipped}"), "has no \"start\"")
        check(
            Self.file("order: ‸{start: orders.OrderPlaced, key: event, end: shipping.Shipped}"), "has no \"within\"")
        check(
            Self.file("‸Order: {start: orders.OrderPlaced, key: event, within: 1h, end: shipping.Shipped}"), "no name")
        check(Self.flow("steps: ‸payments.CardCharged\nend: shipping.Shipped"), "must be a list")
    }
}
