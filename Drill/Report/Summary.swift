import DrillJudge

/// What was counted in a drill, as names and values.
struct Summary {
    let lines: [(name: String, value: String)]

    init(_ history: History, _ judgement: Judgement) {
        let figures = judgement.figures
        var lines: [(String, String)] = [
            ("transactions committed", "\(figures.committed)"),
            ("transactions rolled back", "\(figures.rolledBack)"),
            (
                "commits with unknown outcome",
                "\(figures.unknown), of which the stores have \(figures.unknownCommitted)"
            ),
            ("events committed", "\(figures.events)"), ("events undone", "\(figures.undone)"),
        ]
        func each<Value>(_ name: String, _ values: [String: Value], _ told: (Value) -> String) {
            for (place, value) in values.sorted(by: { $0.key < $1.key }) {
                lines.append(("\(name) \(place)", told(value)))
            }
        }
        each("raw duplicates of", figures.duplicates) { "\($0)" }
        each("applied by", figures.applied) { "\($0)" }
        each("parked or waiting at", figures.parked) { "\($0)" }
        each("sagas", figures.sagas) { "\($0)" }
        each("log retained for", figures.retained) { "\(Telling.bytes($0.now)), at most \(Telling.bytes($0.peak))" }
        let recoveries = history.recoveries.compactMap(\.milliseconds).sorted()
        lines.append(("faults", "\(history.faults.count) in \(history.recoveries.count) steps"))
        if let longest = recoveries.last {
            lines.append(
                (
                    "carried again after",
                    "\(Telling.seconds(recoveries[recoveries.count / 2])) (median), \(Telling.seconds(longest)) at most"
                ))
        }
        self.lines = lines
    }
}

/// Numbers as people read them.
enum Telling {
    static func seconds(_ milliseconds: Int) -> String {
        let tenths = (milliseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }

    static func bytes(_ count: Int) -> String {
        count < 1 << 20 ? "\(count / 1024) KiB" : "\(count / (1 << 20)) MiB"
    }
}
