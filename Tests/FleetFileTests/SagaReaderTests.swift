import FleetCore
import Foundation
import SagaModel
import Testing

@testable import FleetFile

/// The reader of `sagas:` by itself.
@Suite struct SagaReaderTests {
    /// Reads a text that has nothing but the sagas, among the shop's services.
    private static func read(_ text: String) -> (sagas: [SagaDefinition], problems: [Problem]) {
        let (source, faults) = TextScreening.screen(Array(text.utf8), file: Marked.path)
        #expect(faults.isEmpty)
        let log = ProblemLog(source: source)
        let values = ValueReader(source: source, log: log, environment: [:])
        var publishers = Publishers(values: values)
        for (name, types) in [
            ("orders", ["OrderPlaced", "OrderConfirmed", "ChargeCard", "RefundCard"]),
            ("payments", ["CardCharged", "CardDeclined", "CardRefunded"]),
            ("inventory", ["StockArrived", "OrderNoted"]),
        ] {
            publishers.add(
                name, ServiceName(unchecked: name),
                Publishers.Publisher(types: .listed(types.map { EventType(unchecked: $0) }), shown: types))
        }
        guard let root = YAMLComposer.compose(source, log: log),
            let fields = values.fields(root, "the file", known: ["sagas"]), let field = fields["sagas"]
        else { return ([], log.sorted()) }
        let sagas = SagasKeys(values: values, publishers: publishers).read(field).map(\.definition)
        return (sagas, log.sorted())
    }

    private func check(_ marked: Marked, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        let problems = Self.read(marked.text).problems
        let told = problems.map(\.description).joined(separator: "\n")
        #expect(problems.map(\.location) == marked.places, "\(told)", sourceLocation: sourceLocation)
        for (problem, part) in zip(problems, marked.parts) {
            #expect(problem.description.contains(part), sourceLocation: sourceLocation)
        }
    }

    /// The example of docs/sagas.md.
    static func example() throws -> String {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/sagas.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "```yaml\n"))
        let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
        return String(text[start.upperBound..<end.lowerBound])
    }

    @Test func theExampleOfTheDocumentationIsRight() throws {
        let (sagas, problems) = Self.read(try Self.example())
        #expect(problems.map(\.description) == [])
        let saga = try #require(sagas.first)
        #expect(saga.name.text == "place_order")
        #expect(saga.start == SagaEventName(service: "orders", type: "OrderPlaced"))
        #expect(saga.deadline == .seconds(7_200))
        #expect(saga.locks.map(\.key.source) == ["order:{data.order_id}"])
        #expect(saga.locks.map(\.duration) == [.seconds(7_200)])
        #expect(saga.steps.map(\.name) == ["large", "lines", "together", "confirm", "tell"])
        guard case .forEach(let lines) = saga.steps[1], case .step(let reserve) = lines.steps[0],
            case .step(let confirm) = saga.steps[3]
        else {
            Issue.record("\(saga.steps)")
            return
        }
        #expect(reserve.role == .compensatable && reserve.compensation != nil)
        #expect(lines.limit == 50 && lines.atOnce == 5)
        #expect(confirm.role == .pivot)
    }

    private static func saga(_ steps: String, deadline: String = "1h") -> String {
        let lines = steps.split(separator: "\n", omittingEmptySubsequences: false).map { "      \($0)" }
        return "sagas:\n  s:\n    deadline: \(deadline)\n    steps:\n" + lines.joined(separator: "\n") + "\n"
    }

    private static let sql = "sql: {service: orders, run: SELECT 1}"

    @Test func whatIsReadWrongIsToldWhereItStands() {
        check(Marked(Self.saga("- ‸{}"), "nothing says what kind"))
        check(Marked(Self.saga("- ‸word"), "must be a mapping"))
        // A compensation without its step, and a field that there is not.
        check(Marked(Self.saga("- ‸compensate: {\(Self.sql)}"), "nothing says what kind"))
        check(Marked(Self.saga("- step: a\n  timer: 1s\n  ‸priority: 3"), "unknown key"))
        check(
            Marked(Self.saga("- step: a\n  \(Self.sql)\n  role: query\n  retry: {attempts: ‸endless}"), "is no number"))
        check(
            Marked(
                Self.saga("- step: a\n  ‸slq: {service: orders, run: SELECT 1}\n  role: query"), "did you mean \"sql\"?"
            ))
        check(Marked(Self.saga("- ‸step: a\n  role: query"), "does nothing"))
        check(Marked(Self.saga("- step: a\n  timer: 1s\n  ‸decision: {options: [a]}"), "does two things"))
        check(Marked(Self.saga("- step: a\n  \(Self.sql)\n  role: ‸pivoting"), "is no role"))
        check(
            Marked(
                Self.saga("- step: a\n  sql: {service: ‸order, run: SELECT 1}\n  role: query"),
                "did you mean \"orders\"?"))
        check(
            Marked(
                Self.saga(
                    "- step: a\n  event: {type: ‸payments.CardCharge, where: id, equals: data.id}\n"),
                "did you mean \"CardCharged\"?"))
        check(
            Marked(
                Self.saga("- step: a\n  event: {type: payments.CardCharged, where: id, equals: ‸id}"), "is no reference"
            ))
        check(
            Marked(Self.saga("- step: a\n  http: {url: ‸\"{order}\"}\n  role: query"), "a brace that is no reference"))
        check(Marked(Self.saga("- step: a\n  http: {url: ‸ftp://x}\n  role: query"), "is no HTTP address"))
        check(Marked(Self.saga("- step: a\n  timer: ‸soon"), "is no length of time"))
        check(
            Marked(
                Self.saga("- choice: a\n  when:\n    - if: ‸{value: data.x}\n      steps: []\n  otherwise: []"),
                "no condition"))
        check(Marked("sagas:\n  s: ‸{steps: [{step: a, timer: 1s}]}\n", "has no \"deadline\""))
    }

    private static func http(_ body: String) -> String {
        saga("- step: a\n  http: {url: \"http://x/\", body: {\(body)}}\n  role: query")
    }

    @Test func aPayloadHasConstantsBesideWhatItRefersTo() throws {
        let (sagas, problems) = Self.read(
            Self.http(
                "id: data.id, kind: \"card\", note: 'to {data.name}', count: 3, price: -1.50, gift: true, none: null"))
        #expect(problems.map(\.description) == [])
        guard case .step(let step)? = sagas.first?.steps.first, case .http(let call) = step.activity else {
            Issue.record("\(sagas)")
            return
        }
        #expect(
            call.body == [
                SagaField("id", .reference(SagaReference(.data, ["id"]))),
                SagaField("kind", .text(try #require(SagaTemplate("card")))),
                SagaField("note", .text(try #require(SagaTemplate("to {data.name}")))),
                SagaField("count", .number("3")), SagaField("price", .number("-1.50")),
                SagaField("gift", .boolean(true)), SagaField("none", .null),
            ])
        #expect(step.activity.references.map(\.description) == ["data.id", "data.name"])
        let text = try JSONEncoder().encode(call.body)
        #expect(try JSONDecoder().decode([SagaField].self, from: text) == call.body)
        // As journals have had it since before there were constants.
        let old = Data("[{\"name\":\"id\",\"value\":\"data.id\"}]".utf8)
        #expect(try JSONDecoder().decode([SagaField].self, from: old) == [call.body[0]])
    }

    @Test func wrongValuesOfAPayloadAreToldWhereTheyStand() {
        check(Marked(Self.http("kind: ‸card"), "put a text in quotes"))
        check(Marked(Self.http("kind: ‸dta.id"), "is no reference, number or truth value"))
        check(Marked(Self.http("kind: ‸007"), "put a text in quotes"))
        check(Marked(Self.http("kind: ‸\"data.id\""), "leave out the quotes"))
        check(Marked(Self.http("kind: ‸\"to {name}\""), "a brace that is no reference"))
        check(Marked(Self.http("kind: ‸[1]"), "must be a text"))
        check(
            Marked(
                Self.saga("- ‸step: a\n  http: {url: \"http://x/\", body: {a: \"{replies.b.id}\"}}\n  role: query"),
                "does not come before it"))
    }

    private static func choice(_ condition: String) -> String {
        saga("- choice: a\n  when:\n    - if: {value: data.x, \(condition)}\n      steps: []\n  otherwise: []")
            .replacing("steps: []", with: "steps: [{step: b, timer: 1s}]")
    }

    @Test func aConditionComparesNumbersWithNumbersAndTextsWithTexts() {
        for condition in ["equals: card", "equals: \"1\"", "not_equals: true", "above: 10.5", "below: \"2026-01-01\""] {
            #expect(Self.read(Self.choice(condition)).problems.map(\.description) == [], "\(condition)")
        }
        check(Marked(Self.choice("above: ‸\"1000\""), "leave out the quotes"))
        check(Marked(Self.choice("at_least: ‸many"), "is no number"))
        check(Marked(Self.choice("below: ‸true"), "is no number"))
    }

    @Test func whatTheDefinitionObjectsToIsToldWhereItStands() {
        check(Marked(Self.saga("- ‸step: a\n  \(Self.sql)"), "no compensation"))
        check(Marked(Self.saga("- step: a\n  timer: 1s\n  compensate:\n    ‸\(Self.sql)"), "has a compensation"))
        check(
            Marked(
                Self.saga("- step: a\n  \(Self.sql)\n  role: retriable\n- ‸step: b\n  \(Self.sql)\n  role: pivot"),
                "stands behind a retriable"))
        check(Marked(Self.saga("- step: a\n  \(Self.sql)\n  role: query\n  timeout: ‸0s"), "time-out of a"))
        check(Marked(Self.saga("- step: a\n  \(Self.sql)\n  role: query\n  retry: ‸{attempts: 0}"), "0 attempts"))
        check(Marked(Self.saga("- step: a\n  \(Self.sql)\n  role: query\n  retry: ‸{attempts: 101}"), "101 attempts"))
        check(
            Marked(
                Self.saga("- ‸choice: a\n  when:\n    - {if: {exists: data.x}, steps: [{step: b, timer: 1s}]}"),
                "otherwise"))
        check(Marked(Self.saga("- fail: a\n  error: no\n- ‸step: b\n  timer: 1s"), "never reached"))
        check(Marked(Self.saga("- step: a\n  timer: 10m", deadline: "‸1m"), "shorter than"))
        check(
            Marked(
                Self.saga("- parallel: p\n  branches:\n    - [{step: a, timer: 1s}]\n    - [‸{step: a, timer: 1s}]"),
                "is there twice"))
        check(
            Marked(Self.saga("- for_each: f\n  in: data.x\n  limit: ‸0\n  steps: [{step: a, timer: 1s}]"), "limit of f")
        )
    }

    @Test func aFleetFileHasThem() {
        Marked(
            """
            fleet: f
            services:
              a: {store: sqlite:a.db, publishes: [Placed]}
            sagas:
              order:
                start: ‸a.Plcaed
                deadline: 1h
                journal: ‸b
                steps: [{step: wait, timer: 1s}]
            """, "did you mean \"Placed\"?", "there is no service \"b\""
        ).check()
    }
}
