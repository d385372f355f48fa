import DrillJudge

/// When there were faults, and how far each stream and view was behind: a strip for each, over one axis of time.
struct Timeline {
    private let history: History
    private let end: Int

    private static let width = 960.0
    private static let stripHeight = 34.0
    private static let stripDistance = 56.0
    private static let top = 40.0

    init(_ history: History) {
        self.history = history
        let ends = history.samplings.map(\.at) + history.faults.map { $0.end ?? $0.begin }
        end = max(1, ends.max() ?? 1)
    }

    var figure: String {
        let names = strips
        let height = Self.top + Double(names.count) * Self.stripDistance + 24
        let content =
            [bands(to: height - 24), axis(at: height - 18)]
            + names.enumerated().map { strip($1, at: Self.top + Double($0) * Self.stripDistance) }
        return """
            <section><h2>Faults and lags</h2>
            <figure><figcaption>Events that wait, for each stream (from its service's store into the broker) and each view \
            (from the broker into its store), each strip on a scale of its own. Bands are faults.</figcaption>
            <div class="wide"><svg viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img" \
            aria-label="Faults and lags over time">
            \(content.joined(separator: "\n"))
            </svg></div></figure></section>
            """
    }

    /// Streams first, then views, by name.
    private var strips: [LagSample.Key] {
        Set(history.samplings.lazy.flatMap(\.samples).map(\.key)).sorted()
    }

    private func x(_ moment: Int) -> Double { Double(min(moment, end)) / Double(end) * Self.width }

    private func bands(to bottom: Double) -> String {
        history.faults.map { fault in
            let begin = x(fault.begin)
            let width = max(2, x(fault.end ?? end) - begin)
            // Two of one step lie in two rows.
            let row = history.faults.first { $0.step == fault.step } == fault ? 4.0 : 13.0
            return """
                <g><title>\(fault.number). \(Markup.text(fault.name))</title>\
                <rect class="band" x="\(Self.told(begin))" y="24" width="\(Self.told(width))" height="\(Self.told(bottom - 24))"/>\
                <rect class="bar" x="\(Self.told(begin))" y="\(Self.told(row))" width="\(Self.told(width))" height="7" rx="2"/></g>
                """
        }.joined(separator: "\n")
    }

    private func axis(at y: Double) -> String {
        let seconds = end / 1_000
        let distance = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600].first { seconds / $0 <= 10 } ?? 7_200
        return stride(from: 0, through: seconds, by: distance).map { second in
            let place = Self.told(x(second * 1_000))
            let text = distance < 60 ? "\(second) s" : "\(second / 60) min"
            return """
                <line class="axis" x1="\(place)" y1="24" x2="\(place)" y2="\(Self.told(y + 4))"/>\
                <text class="quiet" x="\(place)" y="\(Self.told(y + 16))">\(text)</text>
                """
        }.joined(separator: "\n")
    }

    private func strip(_ key: LagSample.Key, at y: Double) -> String {
        let values = history.samplings.compactMap { sampling in
            sampling.samples.first { $0.key == key }.map { (at: sampling.at, sample: $0) }
        }
        let most = values.compactMap(\.sample.pending).max() ?? 0
        let longest = values.compactMap(\.sample.seconds).max() ?? 0
        let bottom = y + 14 + Self.stripHeight
        let points = values.compactMap { value in
            value.sample.pending.map { pending in
                "\(Self.told(x(value.at))),\(Self.told(bottom - Double(pending) / Double(max(1, most)) * Self.stripHeight))"
            }
        }
        let title = """
            <text x="0" y="\(Self.told(y + 8))">\(Markup.text(key.title))\
            <tspan class="quiet" dx="8">at most \(most) events, \(Self.told(longest)) s</tspan></text>
            """
        guard let first = points.first?.split(separator: ",").first, let last = points.last?.split(separator: ",").first
        else {
            return title
        }
        return """
            \(title)
            <polygon class="area" points="\(first),\(Self.told(bottom)) \(points.joined(separator: " ")) \
            \(last),\(Self.told(bottom))"/>
            <polyline class="line" points="\(points.joined(separator: " "))"/>
            """
    }

    /// With one decimal.
    private static func told(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }
}

extension LagSample {
    /// Which stream or view is meant.
    fileprivate struct Key: Hashable, Comparable {
        var kind: Kind
        var name: String

        var title: String { kind == .stream ? "\(name) into the broker" : name }

        static func < (left: Key, right: Key) -> Bool {
            (left.kind == .stream ? 0 : 1, left.name) < (right.kind == .stream ? 0 : 1, right.name)
        }
    }

    fileprivate var key: Key { Key(kind: kind, name: name) }
}
