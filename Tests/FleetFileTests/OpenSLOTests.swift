import FleetCore
import FleetFile
import Objectives
import Testing

@Suite struct OpenSLOTests {
    private static let objectives = [
        Objective(
            name: "orders_fresh", subject: ObjectiveSubject(.view, "orders.order_lines"), measure: .freshness,
            threshold: .milliseconds(1500), target: 0.999, window: .seconds(7 * 86_400)),
        Objective(
            name: "store-up", subject: ObjectiveSubject(.store, "orders"), measure: .availability, target: 0.9995),
        Objective(name: "lines_right", subject: ObjectiveSubject(.saga, "place"), measure: .errors, target: 0.99),
    ]

    @Test func whatIsExportedIsImportedAsItWas() {
        let text = OpenSLO.text(Self.objectives, fleet: FleetName(unchecked: "northwind"))
        let result = OpenSLOReader().read(text: text, path: "slo.yaml")
        #expect(result.problems.isEmpty, "\(result.problems)")
        #expect(result.objectives == Self.objectives)
    }

    @Test func whatIsPrintedIsReadByAFleetFile() throws {
        let printed = ObjectivesYAML.text(Array(Self.objectives.dropFirst().dropLast()))
        let result = read("fleet: f\nservices: {orders: {store: sqlite:o.db}}\n" + printed)
        #expect(result.problems.isEmpty, "\(result.problems)\n\(printed)")
        #expect(result.definition?.objectives == [Self.objectives[1]])
        #expect(
            ObjectivesYAML.text(Self.objectives) == """
                objectives:
                  orders_fresh: {view: orders.order_lines, freshness: 1500ms, target: 99.9%, window: 7d}
                  store-up: {store: orders, availability: 99.95%}
                  lines_right: {saga: place, errors: 1%}

                """)
    }

    @Test func whatHasNoCounterpartIsToldWithItsLine() {
        let text = """
            apiVersion: openslo/v1
            kind: Service
            metadata: {name: orders}
            ---
            # Somebody else's.
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: foo-slo, displayName: Foo SLO}
            spec:
              service: orders
              indicator:
                spec: {thresholdMetric: {metricSource: {type: Datadog, spec: {query: avg}}}}
              timeWindow: [{duration: 1M, isRolling: false}]
              budgetingMethod: Timeslices
              objectives: [{op: lte, value: 4, target: 0.99}]
            ---
            apiVersion: openslo/v1
            kind: SLO
            metadata:
              name: up
              annotations: {flotilla/subject: store orders, flotilla/measure: availability}
            spec:
              timeWindow: [{duration: 4w, isRolling: true}]
              budgetingMethod: Occurrences
              alertPolicies: [page]
              objectives: [{targetPercent: 99.5}, {target: 1}, {target: 0.9}]
            ---
            apiVersion: openslo/v2alpha
            kind: SLO

            """
        let result = OpenSLOReader().read(text: text, path: "slo.yaml")
        let expected = [
            (1, "a document of kind \"Service\" is left out"), (12, "its indicator is a query"),
            (13, "has a window by the calendar"), (14, "is budgeted by \"Timeslices\""),
            (25, "alert policies of \"up\" are left out"), (26, "an objective of \"up\" has no target"),
            (28, "a document of \"openslo/v2alpha\" is left out"),
        ]
        #expect(result.problems.map(\.location.line) == expected.map(\.0), "\(result.problems)")
        for (problem, (_, part)) in zip(result.problems, expected) {
            #expect(problem.message.contains(part), "\(problem)")
        }
        #expect(result.problems.allSatisfy { $0.severity == .warning })
        #expect(result.objectives.map(\.name) == ["up_1", "up_3"])
        #expect(result.objectives.map(\.target) == [0.995, 0.9])
        #expect(result.objectives.first?.window == .seconds(28 * 86_400))
    }

    @Test func eachKeyThatIsNotReadIsToldOnceWithItsLine() {
        let text = """
            apiVersion: openslo/v1
            kind: SLO
            metadata:
              name: orders-up
              displayName: Orders are up
              labels: {team: shop}
              annotations:
                flotilla/subject: store orders
                flotilla/measure: availability
                owner: somebody
            spec:
              description: Orders must be up.
              service: orders
              indicatorRef: up
              timeWindow:
                - {duration: 28d, isRolling: true}
                - {duration: 7d, isRolling: true}
              budgetingMethod: Timeslices
              objectives:
                - displayName: most
                  target: 0.99
                  timeSliceTarget: 0.95
                  timeSliceWindow: 1m
                - target: 0.9
                  timeSliceTarget: 0.9
                  indicator: {metadata: {name: other}}
                  indicatorRef: other
                  compositeWeight: 2
            extra: 1

            """
        let result = OpenSLOReader().read(text: text, path: "slo.yaml")
        let expected = [
            (5, "\"metadata.displayName\""), (6, "\"metadata.labels\""), (10, "\"metadata.annotations.owner\""),
            (12, "\"spec.description\""), (13, "\"spec.service\""), (17, "has 2 windows; the first is taken"),
            (18, "is budgeted by \"Timeslices\""), (20, "\"spec.objectives.displayName\""),
            (22, "\"spec.objectives.timeSliceTarget\""), (23, "\"spec.objectives.timeSliceWindow\""),
            (26, "\"spec.objectives.indicator\""), (27, "\"spec.objectives.indicatorRef\""),
            (28, "\"spec.objectives.compositeWeight\""), (29, "\"extra\""),
        ]
        #expect(result.problems.map(\.location.line) == expected.map(\.0), "\(result.problems)")
        for (problem, (_, part)) in zip(result.problems, expected) {
            #expect(problem.message.contains(part), "\(problem)")
        }
        #expect(result.problems.allSatisfy { $0.severity == .warning })
        // Imported all the same, over the first window.
        #expect(result.objectives.map(\.name) == ["orders-up_1", "orders-up_2"])
        #expect(result.objectives.allSatisfy { $0.window == .seconds(28 * 86_400) })
    }

    @Test func whatIsNoYAMLIsAnError() {
        let result = OpenSLOReader().read(text: "a: [1\nb", path: "slo.yaml")
        #expect(result.problems.contains { $0.severity == .error } && result.objectives.isEmpty)
        #expect(OpenSLOReader().read(path: "/no/such/file").problems.map(\.severity) == [.error])
    }
}
