import FleetCore
import FleetFile
import Foundation
import HTTPServer
import Overview
import SagaModel
import Sagas
import Signals

/// What the page shows of one part of the fleet.
extension PageDesk {
    // MARK: History

    private struct Series: Encodable {
        /// Seconds from a point to the next.
        var step: Int
        var at: [Int]
        /// By field; `null` is unknown.
        var fields: [String: [Double?]]
    }

    /// `/api/history?of=store orders&span=day`
    func history(_ question: HTTPQuestion) -> HTTPAnswer {
        guard let name = question.parameter("of") else { return Self.failure(400, "of what?", "add ?of=store NAME") }
        let span: History.Span = question.parameter("span") == "day" ? .day : .hour
        let points = board.history.series(of: name, span, at: Int(Date().timeIntervalSince1970))
        var series = Series(step: span.step, at: points.map(\.at), fields: [:])
        for field in History.Field.allCases {
            series.fields["\(field)"] = points.map { point in
                let number = point.numbers[field.rawValue]
                return number.isNaN ? nil : Double(number).rounded4
            }
        }
        return Self.json(series)
    }

    // MARK: Signals

    private struct Signal: Encodable {
        var metric: String
        var meaning: String
        var unit: String
        var labels: [String: String]
        var value: Double?
        var count: Double?
        var p50: Double?
        var p95: Double?
        var p99: Double?
        var p999: Double?
    }

    /// All that is measured of something: `/api/signals?of=orders`; with `&in=STREAM` not of its other streams.
    func signals(_ question: HTTPQuestion) -> HTTPAnswer {
        guard let name = question.parameter("of") else { return Self.failure(400, "of what?", "add ?of=NAME") }
        let stream = question.parameter("in")
        var found: [Signal] = []
        for family in registry.read() {
            let place = stream == nil ? nil : family.metric.labels.firstIndex(of: "stream")
            for series in family.series where series.labels.contains(name) {
                if let place, series.labels[place] != stream { continue }
                var signal = Signal(
                    metric: family.metric.name, meaning: family.metric.meaning, unit: family.metric.unit.text,
                    labels: Dictionary(zip(family.metric.labels, series.labels)) { $1 })
                if let distribution = series.distribution {
                    signal.count = Double(distribution.count)
                    signal.p50 = distribution.quantile(0.5)?.rounded4
                    signal.p95 = distribution.quantile(0.95)?.rounded4
                    signal.p99 = distribution.quantile(0.99)?.rounded4
                    signal.p999 = distribution.quantile(0.999)?.rounded4
                } else {
                    signal.value = series.number
                }
                found.append(signal)
                if found.count >= 500 { return Self.json(found) }
            }
        }
        return Self.json(found)
    }

    // MARK: Statements

    private struct Statement: Encodable {
        var id: String
        var text: String
        var calls: Double
        var seconds: Double
        var rows: Double
        /// Whom it is run for.
        var reader: String?
        var saga: String?
    }

    /// What a store's server runs that takes the most time: `/api/statements?of=orders`
    func statements(_ question: HTTPQuestion) -> HTTPAnswer {
        guard let name = question.parameter("of") else { return Self.failure(400, "of what?", "add ?of=NAME") }
        return Self.json(
            statements.statements(of: name).map { reading, owner in
                var statement = Statement(
                    id: reading.id, text: reading.text, calls: reading.calls, seconds: reading.seconds.rounded4,
                    rows: reading.rows)
                switch owner {
                case .reader(let name)?: statement.reader = name
                case .saga(let name)?: statement.saga = name
                case nil: break
                }
                return statement
            })
    }

    // MARK: Sagas and flows

    private static let rowLimit = 200

    private struct SagaRow: Encodable {
        var id: String
        var saga: String
        var status: String
        var startedAt: String
        var endedAt: String?
    }

    private struct SagaPage: Encodable {
        struct Step: Encodable {
            var step: String
            var status: String
            var attempts: Int
            var startedAt: String
            var endedAt: String?
            var why: String?
            var undone: String?
            var isParked: Bool
        }

        struct Note: Encodable {
            var at: String
            var kind: String
            var text: String
        }

        var id: String
        var status: String
        var startedAt: String
        var deadline: String
        var outcome: String?
        var stop: String?
        var isOverdue: Bool
        var steps: [Step]
        var unbegun: [String]
        var notes: [Note]
        /// The id of its trace, where that is here.
        var trace: String?

        init(_ report: SagaAdministration.Report, _ traces: TraceBoard?) {
            let state = report.entry.state
            (id, status) = (state.id, report.status.rawValue)
            (startedAt, deadline) = (state.startedAt.description, state.deadline.description)
            outcome = state.outcome?.description
            stop = state.stop?.description
            isOverdue = state.isOverdue
            steps = state.runs.all.map { run in
                Step(
                    step: run.id.description, status: run.forward.status.rawValue, attempts: run.forward.attempt,
                    startedAt: run.forward.startedAt.description, endedAt: run.forward.endedAt?.description,
                    why: report.remark(on: run),
                    undone: run.compensation.map { undoing in
                        undoing.status.rawValue + (undoing.failure.map { ": \($0)" } ?? "")
                    }, isParked: run.parked != nil)
            }
            let begun = Set(state.runs.all.map(\.id.name))
            unbegun =
                state.outcome == nil
                ? report.definition.allSteps.map(\.name).filter { !begun.contains($0) }.map { "\($0)" } : []
            trace = traces?.known(state.trace.flatMap { TraceContext($0) })
            notes = state.notes.map { Note(at: $0.at.description, kind: $0.kind.rawValue, text: $0.text) }
        }
    }

    func coordination(_ question: HTTPQuestion) -> HTTPReply {
        let (fleet, traces) = (fleet, traces)
        let (path, name) = (question.path, question.parameter("name"))
        let (id, status) = (question.parameter("id") ?? "", question.parameter("status"))
        return .later {
            do {
                switch path {
                case "/api/sagas":
                    let rows = try await SagaAdministration(fleet).list(
                        saga: name, status: status.flatMap(SagaStatus.init(rawValue:)), limit: Self.rowLimit)
                    return Self.json(
                        rows.map {
                            SagaRow(
                                id: $0.id, saga: $0.saga, status: $0.status.rawValue,
                                startedAt: $0.startedAt.description, endedAt: $0.endedAt?.description)
                        })
                case "/api/saga": return Self.json(SagaPage(try await SagaAdministration(fleet).show(id), traces))
                case "/api/flows":
                    return Self.json(
                        try await FlowLedger(fleet).list(
                            name, status.flatMap(FlowLedger.Selection.init(rawValue:)), limit: Self.rowLimit))
                default: return Self.json(try await FlowLedger(fleet).show(name ?? "", id))
                }
            } catch {
                return Self.failure(error)
            }
        }
    }
}
