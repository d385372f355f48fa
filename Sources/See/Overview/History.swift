/// What was measured in the last 24 hours, in bounded memory: of the last hour a point every ten seconds, of the day one every
/// two minutes.
///
/// Each thing that is measured has ``width`` numbers a point, of four bytes each: 26 KB for both spans. More than
/// ``seriesLimit`` things are not kept.
public struct History: Sendable {
    public enum Span: Int, Sendable, CaseIterable {
        case hour, day

        /// Seconds from a point to the next.
        public var step: Int { self == .hour ? 10 : 120 }
        public var count: Int { self == .hour ? 360 : 720 }
    }

    /// The numbers of a point.
    public enum Field: Int, Sendable, CaseIterable {
        /// Operations or events a second.
        case rate
        case p50, p99
        /// Seconds; of a store, from 0 to 1, how much is taken of what it is shortest of.
        case age
        /// Events that wait.
        case depth
        /// Of a store failures a minute, of the rest parked events.
        case errors
    }

    /// All numbers of one moment: those of each thing, one behind the other.
    public struct Point: Sendable {
        /// Seconds since 1970.
        public var at: Int
        public var numbers: [Float]

        public init(at: Int, numbers: [Float]) {
            self.at = at
            self.numbers = numbers
        }
    }

    public static let width = Field.allCases.count
    /// Things that are kept.
    public static let seriesLimit = 1200

    /// In the order of their numbers.
    public private(set) var names: [String]
    private var places: [String: Int]
    private var rings: [[Point?]]
    /// The points of the hour that are not in one of the day yet.
    private var pending: [Point] = []

    public init(names: [String] = []) {
        self.names = names
        places = Dictionary(zip(names, names.indices)) { first, _ in first }
        rings = Span.allCases.map { [Point?](repeating: nil, count: $0.count) }
    }

    /// Puts back a point that was kept elsewhere. One that cannot be is left out; a number that cannot be is unknown.
    public mutating func restore(_ point: Point, _ span: Span) {
        guard point.at >= 0, point.numbers.count % Self.width == 0,
            point.numbers.count <= Self.seriesLimit * Self.width
        else { return }
        var point = point
        for index in point.numbers.indices { point.numbers[index] = Self.sound(point.numbers[index]) }
        put(point, span)
    }

    private mutating func put(_ point: Point, _ span: Span) { rings[span.rawValue][Self.slot(point.at, span)] = point }

    public static func slot(_ at: Int, _ span: Span) -> Int { place(at / span.step, span) }

    /// Where the point of a step is, counted from 1970.
    private static func place(_ step: Int, _ span: Span) -> Int {
        let rest = step % span.count
        return rest < 0 ? rest + span.count : rest
    }

    /// A number that can be drawn: nothing that is measured is below zero or without an end. NaN is not known.
    static func sound(_ number: Float) -> Float { number.isFinite && number >= 0 ? number : .nan }

    /// Forgets the things that are not measured any more, so that others find room.
    /// - Returns: whether there were any.
    public mutating func forget(allBut kept: Set<String>) -> Bool {
        let staying = names.indices.filter { kept.contains(names[$0]) }
        guard staying.count < names.count else { return false }
        func reduced(_ point: Point) -> Point {
            // An old point does not have those that came later.
            let there = staying.prefix { ($0 + 1) * Self.width <= point.numbers.count }
            return Point(
                at: point.at, numbers: there.flatMap { point.numbers[$0 * Self.width..<($0 + 1) * Self.width] })
        }
        rings = rings.map { ring in ring.map { point in point.map(reduced) } }
        pending = pending.map(reduced)
        names = staying.map { names[$0] }
        places = Dictionary(zip(names, names.indices)) { first, _ in first }
        return true
    }

    /// All points that there are, as they are to be kept elsewhere.
    public var kept: [(span: Span, point: Point)] {
        Span.allCases.flatMap { span in rings[span.rawValue].compactMap { $0 }.map { (span: span, point: $0) } }
    }

    /// Takes the numbers of a moment.
    /// - Returns: the points that are to be kept elsewhere, too.
    public mutating func add(at: Int, _ numbers: [String: [Float]]) -> [(span: Span, point: Point)] {
        for name in numbers.keys.sorted() where places[name] == nil && names.count < Self.seriesLimit {
            places[name] = names.count
            names.append(name)
        }
        var point = Point(at: at, numbers: [Float](repeating: .nan, count: names.count * Self.width))
        for (name, values) in numbers {
            guard let place = places[name], values.count == Self.width else { continue }
            for (offset, value) in values.enumerated() {
                point.numbers[place * Self.width + offset] = Self.sound(value)
            }
        }
        put(point, .hour)
        var kept: [(Span, Point)] = [(.hour, point)]
        if let first = pending.first, first.at / Span.day.step != at / Span.day.step {
            let day = Self.merged(pending)
            put(day, .day)
            kept.append((.day, day))
            pending = []
        }
        pending.append(point)
        return kept
    }

    /// Of rates the mean, of the rest the worst.
    private static func merged(_ points: [Point]) -> Point {
        let count = points.map(\.numbers.count).max() ?? 0
        var numbers = [Float](repeating: .nan, count: count)
        for index in 0..<count {
            let known = points.compactMap { $0.numbers.count > index ? $0.numbers[index] : nil }.filter { !$0.isNaN }
            guard let largest = known.max() else { continue }
            let isRate = index % width == Field.rate.rawValue
            numbers[index] = isRate ? known.reduce(0, +) / Float(known.count) : largest
        }
        return Point(at: points[0].at, numbers: numbers)
    }

    /// The points of a thing, the oldest first: of each field a number, NaN where it is not known.
    public func series(of name: String, _ span: Span, at now: Int) -> [(at: Int, numbers: [Float])] {
        guard let place = places[name] else { return [] }
        return points(span, at: now).map { point in
            let begin = place * Self.width
            let isThere = point.numbers.count >= begin + Self.width
            return (
                point.at,
                isThere
                    ? Array(point.numbers[begin..<begin + Self.width]) : [Float](repeating: .nan, count: Self.width)
            )
        }
    }

    /// The values of one field over a span, one for each step of it.
    public func values(of name: String, _ field: Field, _ span: Span, at now: Int) -> [Float] {
        guard let place = places[name] else { return [] }
        let index = place * Self.width + field.rawValue
        let last = now / span.step
        return (last - span.count + 1...last).map { number in
            guard let point = rings[span.rawValue][Self.place(number, span)], point.at / span.step == number,
                point.numbers.count > index
            else { return .nan }
            return point.numbers[index]
        }
    }

    private func points(_ span: Span, at now: Int) -> [Point] {
        rings[span.rawValue].compactMap(\.self).filter { $0.at > now - span.step * span.count && $0.at <= now }
            .sorted { $0.at < $1.at }
    }
}
