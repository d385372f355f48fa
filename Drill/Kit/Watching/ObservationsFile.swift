public import DrillJudge
import FleetCore
import Foundation
import TestKit

/// Keeps what stores and broker held, so that it can be judged again once they are gone: a line of JSON for some rows of one
/// place.
public enum ObservationsFile {
    private struct Line: Codable {
        enum Kind: String, Codable {
            case journal, stream, view, applied, fold, parked, outbox, asked, saga, move, money
        }

        var kind: Kind
        /// The service or the view.
        var name: String
        /// Each row's columns, in the order in which its type declares them; what there is none of is empty.
        var rows: [[String]]
    }

    /// So many rows stand in one line.
    private static let rowsOfALine = 1_000

    public static func write(_ observations: Observations, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw CheckFailure("\(path) cannot be written") }
        let encoder = JSONEncoder()
        for line in lines(of: observations) {
            // A place that holds nothing has a line too: it was looked at.
            for start in stride(from: 0, to: max(1, line.rows.count), by: rowsOfALine) {
                let part = Line(
                    kind: line.kind, name: line.name, rows: Array(line.rows[start...].prefix(rowsOfALine)))
                try file.write(contentsOf: try encoder.encode(part) + [UInt8(ascii: "\n")])
            }
        }
        try file.close()
    }

    private static func lines(of observations: Observations) -> [Line] {
        func number(_ value: Int?) -> String { value.map(String.init) ?? "" }
        var lines = observations.journals.map { service, rows in
            Line(
                kind: .journal, name: service,
                rows: rows.map { [$0.transaction, "\($0.event)", $0.key, "\($0.version)"] })
        }
        lines += observations.streams.map { service, records in
            Line(kind: .stream, name: service, rows: records.map { ["\($0.event)", $0.key] })
        }
        for view in observations.views {
            lines.append(Line(kind: .view, name: view.name, rows: []))
            lines.append(
                Line(
                    kind: .applied, name: view.name,
                    rows: view.applications.map { [$0.service, "\($0.event)", $0.key, "\($0.version)"] }))
            lines.append(
                Line(
                    kind: .fold, name: view.name,
                    rows: view.folds.map { place, fold in
                        [place.service, place.key, "\(fold.last)", "\(fold.count)", "\(fold.sum)"]
                    }))
        }
        lines.append(
            Line(
                kind: .parked, name: "",
                rows: observations.parked.map { record in
                    let place = if case .view(let name) = record.place { name } else { "" }
                    return [place, record.service, "\(record.event)", record.key] + (record.reason.map { [$0] } ?? [])
                }))
        lines.append(
            Line(
                kind: .outbox, name: "",
                rows: observations.outboxes.map {
                    [$0.service, "\($0.pending)", number($0.retained), number($0.retainedBound)]
                }))
        let sagas = observations.sagas
        lines.append(Line(kind: .asked, name: "", rows: sagas.asked.sorted().map { [$0] }))
        lines.append(Line(kind: .saga, name: "", rows: sagas.sagas.map { [$0.transfer, $0.status, $0.reason] }))
        lines.append(
            Line(kind: .move, name: "", rows: sagas.moves.map { ["\($0.number)", $0.transfer, $0.kind.rawValue] }))
        lines.append(
            Line(kind: .money, name: "", rows: sagas.accounts.map { [$0.service, "\($0.before)", "\($0.after)"] }))
        return lines
    }

    public static func read(_ path: String) throws -> Observations {
        var observations = Observations()
        let decoder = JSONDecoder()
        for (number, text) in try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n"))
            .enumerated()
        {
            do {
                try take(decoder.decode(Line.self, from: text), into: &observations)
            } catch {
                throw CheckFailure("\(path), line \(number + 1): \(error)")
            }
        }
        return observations
    }

    private static func take(_ line: Line, into observations: inout Observations) throws {
        let rows = line.rows.map { Row(columns: $0) }
        switch line.kind {
        case .journal:
            observations.journals[line.name, default: []] += try rows.map {
                JournalRow(transaction: try $0[0], event: try $0.id(1), key: try $0[2], version: try $0.number(3))
            }
        case .stream:
            observations.streams[line.name, default: []] += try rows.map {
                StreamRecord(event: try $0.id(0), key: try $0[1])
            }
        case .view: observations.views.append(ViewState(name: line.name, applications: [], folds: [:]))
        case .applied:
            guard let place = observations.views.firstIndex(where: { $0.name == line.name }) else { return }
            observations.views[place].applications += try rows.map {
                ViewState.Application(
                    service: try $0[0], event: try $0.id(1), key: try $0[2], version: try $0.number(3))
            }
        case .fold:
            guard let place = observations.views.firstIndex(where: { $0.name == line.name }) else { return }
            for row in rows {
                observations.views[place].folds[Fold.Place(service: try row[0], key: try row[1])] = Fold(
                    last: try row.number(2), count: try row.number(3), sum: try row.number(4))
            }
        case .parked:
            observations.parked += try rows.map { row in
                ParkedRecord(
                    place: try row[0].isEmpty ? .outbox : .view(row[0]), service: try row[1], event: try row.id(2),
                    key: try row[3], reason: row.columns.count > 4 ? try row[4] : nil)
            }
        case .asked: observations.sagas.asked.formUnion(try rows.map { try $0[0] })
        case .saga:
            observations.sagas.sagas += try rows.map {
                SagaRecord(transfer: try $0[0], status: try $0[1], reason: try $0[2])
            }
        case .move:
            observations.sagas.moves += try rows.map { row in
                guard let kind = Move.Kind(rawValue: try row[2]) else { throw CheckFailure("\(try row[2]) is no move") }
                return Move(number: try row.number(0), transfer: try row[1], kind: kind)
            }
        case .money:
            observations.sagas.accounts += try rows.map {
                Money(service: try $0[0], before: try $0.number(1), after: try $0.number(2))
            }
        case .outbox:
            observations.outboxes += try rows.map {
                OutboxState(
                    service: try $0[0], pending: try $0.number(1), retained: Int(try $0[2]),
                    retainedBound: Int(try $0[3]))
            }
        }
    }

    private struct Row {
        var columns: [String]

        subscript(column: Int) -> String {
            get throws {
                guard columns.indices.contains(column) else {
                    throw CheckFailure("a row has only \(columns.count) columns")
                }
                return columns[column]
            }
        }

        func number(_ column: Int) throws -> Int {
            let text = try self[column]
            guard let number = Int(text) else { throw CheckFailure("\(text) is no number") }
            return number
        }

        func id(_ column: Int) throws -> EventID {
            let text = try self[column]
            guard let id = EventID(text) else { throw CheckFailure("\(text) is no event id") }
            return id
        }
    }
}
