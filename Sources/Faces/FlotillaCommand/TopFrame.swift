import Foundation
import Objectives
import Overview

/// One look at a fleet, as lines that fit a terminal.
struct TopFrame {
    private let overview: FleetOverview
    private let columns: Int
    private let rows: Int
    private let style: Style

    init(_ overview: FleetOverview, columns: Int, rows: Int, style: Style) {
        self.overview = overview
        self.columns = max(20, columns)
        self.rows = rows
        self.style = style
    }

    var lines: [String] {
        let head = header + strip + objectives
        let tail = bombs + moments
        // What is worst stands first in each table, so that what does not fit is what is well.
        let room = rows == .max ? .max : max(6, rows - head.count - tail.count - 4)
        let stores = table(Self.storeHead, overview.stores.map(storeRow), overview.stores.map(\.level), numeric: 3...7)
        let parts = table(
            Self.partHead, overview.streams.map(streamRow) + overview.readers.map(readerRow),
            overview.streams.map(\.level) + overview.readers.map(\.level), numeric: 3...8, isSorted: true)
        let storeRoom = room == .max ? .max : max(3, min(stores.count, room / 2))
        let partRoom = room == .max ? .max : max(3, room - min(storeRoom, stores.count))
        let all = head + [""] + cut(stores, storeRoom) + [""] + cut(parts, partRoom) + tail
        return rows == .max ? all : Array(all.prefix(rows))
    }

    private func cut(_ lines: [String], _ room: Int) -> [String] {
        guard lines.count > room else { return lines }
        return lines.prefix(max(1, room - 1)) + [style.dim("  and \(lines.count - room + 1) more")]
    }

    // MARK: Parts

    private var header: [String] {
        // What nobody carries is not well, however well its stores are.
        let level = overview.isCarried ? overview.level : max(overview.level, .warning)
        let bad = overview.stores.filter { $0.level == .bad }.count
        let word: String =
            switch level {
            case .good: "all is well"
            case .paused: "well, and partly paused"
            case .warning: overview.isCarried ? "warning\(worst)" : "nobody carries it"
            case .bad: bad > 0 ? "\(bad) of \(overview.stores.count) stores bad" : "not as it should be"
            }
        let first = "fleet \(overview.fleet)  \(Self.sign(level)) \(word)  \(TopText.time(overview.at))"
        var lines = [style.bold(fitted(first))]
        let carrier = overview.carrier ?? ""
        lines.append(style.dim(fitted(overview.isCarried ? "carried by \(carrier)" : carrier)))
        for trouble in overview.troubles.prefix(3) {
            lines.append(style.red(fitted("! \(trouble.part): \(trouble.reason)")))
        }
        return lines
    }

    /// What is to be warned of.
    private var worst: String {
        let rows =
            overview.stores.map { ("store \($0.name)", $0.level) }
            + overview.streams.map { ("stream \($0.name)", $0.level) }
            + overview.readers.map { ("reader \($0.name)", $0.level) }
            + overview.sagas.map { ("saga \($0.name)", $0.level) }
            + overview.flows.map { ("flow \($0.name)", $0.level) }
            + overview.bombs.map { ("\($0.what) of \($0.of)", $0.level) }
        let warned = rows.filter { $0.1 == .warning }.map(\.0)
        guard let first = warned.first else { return "" }
        return ": \(first)" + (warned.count > 1 ? " and \(warned.count - 1) more" : "")
    }

    /// As many to a line as fit.
    private var strip: [String] {
        let texts = overview.strip.map { lag in
            let sign = lag.level == .good ? "" : "\(Self.sign(lag.level)) "
            let value = lag.value.map { TopText.amount($0, lag.unit) } ?? "–"
            let place = lag.of.flatMap { lag.value ?? 0 > 0 ? " (\($0))" : nil } ?? ""
            return "\(sign)\(lag.what) \(value)\(place)"
        }
        var lines: [String] = []
        for text in texts {
            if let last = lines.last, last.count + text.count + 3 <= columns {
                lines[lines.count - 1] = "\(last)   \(text)"
            } else {
                lines.append(text)
            }
        }
        return lines.map(fitted)
    }

    /// Those of which a light is on, or whose budget is spent; how many there are besides.
    private var objectives: [String] {
        guard !overview.objectives.isEmpty else { return [] }
        let troubled = overview.objectives.filter { $0.state == .breached || $0.state == .burning }
        let well = overview.objectives.count - troubled.count
        return troubled.prefix(4).map { objective in
            let lights = objective.burns.map { $0.isFiring ? "!" : "·" }.joined()
            let left = objective.budgetLeft.map(Self.budget) ?? "nothing counted"
            let end = objective.hoursToExhaustion.map { $0 > 0 ? ", for \(TopText.seconds($0 * 3600))" : "" } ?? ""
            let level: FleetOverview.Level = objective.state == .breached ? .bad : .warning
            return paint(fitted("\(Self.sign(level)) objective \(objective.name) [\(lights)] \(left)\(end)"), level)
        } + [style.dim("\(well) of \(overview.objectives.count) objectives well")]
    }

    private static func budget(_ left: Double) -> String {
        if left < 0 { return "its budget is overdrawn by \(ObjectiveText.percent(-left))" }
        return left == 0 ? "its budget is spent" : "\(ObjectiveText.percent(left)) of its budget left"
    }

    private static let storeHead = [
        "", "store", "engine", "ops/s", "p50", "p99", "errors/min", "full", "latency", "why",
    ]

    private func storeRow(_ row: FleetOverview.Store) -> [String] {
        [
            Self.sign(row.level), row.name, row.engine, TopText.rate(row.operations), TopText.seconds(row.p50),
            TopText.seconds(row.p99), TopText.rate(row.errors), row.saturation.map { TopText.percent($0) } ?? "–",
            TopText.spark(row.spark), row.why.first ?? "",
        ]
    }

    private static let partHead = [
        "", "stream or reader", "from", "events/s", "behind", "oldest", "p50", "p99", "parked", "why",
    ]

    private func streamRow(_ row: FleetOverview.Stream) -> [String] {
        [
            Self.sign(row.level), "\(row.service) outbox", "its store", TopText.rate(row.rate),
            TopText.count(row.depth),
            row.age.flatMap { $0 > 0 ? TopText.seconds($0) : nil } ?? "–", TopText.seconds(row.p50),
            TopText.seconds(row.p99), row.parked > 0 ? "\(row.parked)" : "–", row.why.first ?? "",
        ]
    }

    private func readerRow(_ row: FleetOverview.Reader) -> [String] {
        [
            Self.sign(row.level), row.name, row.source, TopText.rate(row.rate), TopText.count(row.lag),
            row.age.flatMap { $0 > 0 ? TopText.seconds($0) : nil } ?? "–", TopText.seconds(row.p50),
            TopText.seconds(row.p99), row.parked > 0 ? "\(row.parked)" : "–", row.why.first ?? "",
        ]
    }

    private var bombs: [String] {
        let near = overview.bombs.filter { $0.level > .good }
        return near.isEmpty
            ? []
            : [""]
                + near.prefix(3).map { bomb in
                    let share = bomb.limit.map { ", \(TopText.percent(bomb.value / $0)) of what it may be" } ?? ""
                    return paint(
                        fitted(
                            "\(Self.sign(bomb.level)) \(bomb.what) of \(bomb.of): \(TopText.amount(bomb.value, bomb.unit))\(share); \(bomb.cure)"
                        ), bomb.level)
                }
    }

    private var moments: [String] {
        let last = overview.moments.suffix(3)
        return last.isEmpty ? [] : [""] + last.map { style.dim(line(of: $0)) }
    }

    /// With how often it happened, where that was more than once: its text is cut first.
    private func line(of moment: FleetMoment) -> String {
        let isNamed = moment.subject.isEmpty || moment.text.contains(moment.subject)
        let text = isNamed ? moment.text : "\(moment.subject): \(moment.text)"
        var often = ""
        if let count = moment.count, count > 1 {
            often = " (\(count) times since \(TopText.time(moment.since ?? moment.at)))"
        }
        let said = "\(TopText.time(moment.at)) \(moment.kind.rawValue)  \(text)"
        return fitted(shortened(said, to: columns - often.count) + often)
    }

    // MARK: Drawing

    private static func sign(_ level: FleetOverview.Level) -> String {
        switch level {
        case .good: "●"
        case .paused: "‖"
        case .warning: "▲"
        case .bad: "■"
        }
    }

    private func paint(_ line: String, _ level: FleetOverview.Level) -> String {
        switch level {
        case .good: line
        case .paused: style.dim(line)
        case .warning: style.yellow(line)
        case .bad: style.red(line)
        }
    }

    private func fitted(_ text: String) -> String { shortened(text, to: columns) }

    private func shortened(_ text: String, to room: Int) -> String {
        let text = VisibleText.of(text)
        return text.count <= room ? text : text.prefix(max(0, room - 1)) + "…"
    }

    /// - Parameter isSorted: whether the worst are to be brought to the top.
    private func table(
        _ head: [String], _ rows: [[String]], _ levels: [FleetOverview.Level], numeric: ClosedRange<Int>,
        isSorted: Bool = false
    ) -> [String] {
        var order = Array(rows.indices)
        if isSorted { order.sort { levels[$0] != levels[$1] ? levels[$0] > levels[$1] : $0 < $1 } }
        let shown = Self.shown(columns, head.count)
        func narrowed(_ row: [String]) -> [String] { shown.map { row[$0] } }
        let right = Set(shown.indices.filter { numeric.contains(shown[$0]) })
        let lines = Table(rows: [narrowed(head)] + order.map { narrowed(rows[$0]) }, numeric: right).lines()
        return [style.dim(fitted(lines[0]))]
            + zip(lines.dropFirst(), order).map { line, number in paint(fitted(line), levels[number]) }
    }

    /// A narrow terminal shows what matters most.
    private static func shown(_ columns: Int, _ count: Int) -> [Int] {
        let dropped: Set<Int> = columns < 60 ? [2, 4, 6, 7, 8] : columns < 90 ? [2, 6, 8] : columns < 110 ? [8] : []
        return (0..<count).filter { !dropped.contains($0) }
    }
}

/// Numbers as `top` writes them.
enum TopText {
    static func seconds(_ value: Double?) -> String {
        guard let value else { return "–" }
        switch value {
        case 0: return "0 s"
        case ..<0.001: return "\(few(value * 1e6)) µs"
        case ..<1: return "\(few(value * 1000)) ms"
        case ..<120: return "\(few(value)) s"
        case ..<7200: return "\(few(value / 60)) min"
        case ..<172_800: return "\(few(value / 3600)) h"
        default: return "\(few(value / 86_400)) d"
        }
    }

    static func rate(_ value: Double?) -> String {
        value.map { $0 == 0 ? "0" : $0 < 0.01 ? "<0.01" : few($0) } ?? "–"
    }

    static func count(_ value: Int?) -> String { value.map(String.init) ?? "–" }
    static func percent(_ share: Double) -> String { "\(few(share * 100)) %" }

    static func amount(_ value: Double, _ unit: FleetOverview.Lag.Unit) -> String {
        switch unit {
        case .seconds: return seconds(value)
        case .events, .things: return String(Int(told: value))
        case .bytes:
            var (size, unit) = (value, 0)
            let units = ["B", "KiB", "MiB", "GiB", "TiB"]
            while size >= 1024, unit < units.count - 1 { (size, unit) = (size / 1024, unit + 1) }
            return "\(few(size)) \(units[unit])"
        }
    }

    private static func few(_ number: Double) -> String {
        let digits = abs(number) >= 100 ? 0 : abs(number) >= 10 ? 1 : 2
        var text = String(format: "%.\(digits)f", number)
        while digits > 0, text.contains("."), text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    static func time(_ seconds: Double) -> String {
        var (time, parts) = (time_t(seconds), tm())
        localtime_r(&time, &parts)
        return String(format: "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec)
    }

    /// The last of an hour, in half as many blocks as there are moments.
    static func spark(_ line: Sparkline?) -> String {
        guard let line else { return "" }
        let blocks = Array(" ▁▂▃▄▅▆▇█")
        let shares = line.shares
        return String(
            stride(from: 0, to: shares.count - 1, by: 2).map { index in
                let share = [shares[index], shares[index + 1]].compactMap(\.self).max()
                return share.map { blocks[1 + min(7, Int($0 * 7.99))] } ?? " "
            })
    }
}
