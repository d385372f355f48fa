#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Sendable, Comparable {
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The wall clock's reading.
    public static func now() -> Timestamp {
        // `timespec`, as two words: in an optimised build this compiler takes its fields for members of an internal
        // module of its own, which MemberImportVisibility refuses.
        var time = (seconds: 0, nanoseconds: 0)
        withUnsafeMutableBytes(of: &time) { bytes in
            guard let words = bytes.baseAddress else { return }
            _ = clock_gettime(CLOCK_REALTIME, words.assumingMemoryBound(to: timespec.self))
        }
        return Timestamp(microseconds: Int64(time.seconds) * 1_000_000 + Int64(time.nanoseconds) / 1_000)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// The time from `earlier` to this moment; negative where `earlier` is later. Saturates instead of overflowing.
    public func elapsed(since earlier: Timestamp) -> Duration {
        let (difference, overflow) = microseconds.subtractingReportingOverflow(earlier.microseconds)
        return .microseconds(overflow ? (microseconds < 0 ? .min : .max) : difference)
    }

    public func advanced(by duration: Duration) -> Timestamp {
        let (sum, overflow) = microseconds.addingReportingOverflow(duration.wholeMicroseconds)
        return Timestamp(microseconds: overflow ? (microseconds < 0 ? .min : .max) : sum)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC, with as many fraction digits (0, 3 or 6) as are needed.
    public var description: String {
        let (days, inDay) = microseconds.dividedFlooring(by: 86_400_000_000)
        let (year, month, day) = Timestamp.civil(fromDays: days)
        // Beyond four digits a year has as many as it needs, and a sign.
        let longYear = (0...9999).contains(year) ? nil : Timestamp.padded(year)
        let date = String(unsafeUninitializedCapacity: 27) { buffer in
            var out = 0
            func append(_ value: Int64, _ width: Int) {
                var rest = value
                for index in stride(from: out + width - 1, through: out, by: -1) {
                    buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                out += width
            }
            func append(_ sign: Unicode.Scalar) {
                buffer[out] = UInt8(ascii: sign)
                out += 1
            }
            if longYear == nil { append(year, 4) }
            append("-")
            append(month, 2)
            append("-")
            append(day, 2)
            append("T")
            let seconds = inDay / 1_000_000
            append(seconds / 3600, 2)
            append(":")
            append(seconds / 60 % 60, 2)
            append(":")
            append(seconds % 60, 2)
            let fraction = inDay % 1_000_000
            if fraction != 0 {
                append(".")
                if fraction % 1000 == 0 { append(fraction / 1000, 3) } else { append(fraction, 6) }
            }
            append("Z")
            return out
        }
        return longYear.map { $0 + date } ?? date
    }

    private static func padded(_ year: Int64) -> String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Days since the epoch to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.dividedFlooring(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthShifted = (5 * dayOfYear + 2) / 153
        let month = monthShifted < 10 ? monthShifted + 3 : monthShifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthShifted + 2) / 5 + 1)
    }

    /// A civil date to days since the epoch (the same source).
    static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.dividedFlooring(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Timestamp {
    /// Reads what databases and programs write: RFC 3339 (`2026-11-21T10:00:00.123Z`, with an offset or none, which
    /// means UTC), with a blank in place of the `T`, or a date alone. `nil` for anything else.
    public init?(_ text: String) {
        var text = text
        guard let time = text.withUTF8({ Timestamp(utf8: $0) }) else { return nil }
        self = time
    }

    /// The same, from bytes.
    public init?(utf8: UnsafeBufferPointer<UInt8>) {
        var digits = Cursor(bytes: utf8)
        guard let year = digits.number(4), digits.take("-"), let month = digits.number(2), digits.take("-"),
            let day = digits.number(2), (1...12).contains(month), day >= 1, day <= Timestamp.length(month, year)
        else { return nil }
        var total = Timestamp.days(fromYear: year, month: month, day: day) * 86_400_000_000
        if digits.isAtEnd {
            self.init(microseconds: total)
            return
        }
        guard digits.take("T") || digits.take("t") || digits.take(" "),
            let hour = digits.number(2), digits.take(":"), let minute = digits.number(2), hour < 24, minute < 60
        else { return nil }
        total += (hour * 3600 + minute * 60) * 1_000_000
        if digits.take(":") {
            guard let second = digits.number(2), second <= 60 else { return nil }
            total += second * 1_000_000
            if digits.take(".") {
                guard let fraction = digits.fraction() else { return nil }
                total += fraction
            }
        }
        guard let offset = digits.offset(), digits.isAtEnd else { return nil }
        self.init(microseconds: total - offset)
    }

    private static func length(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: 31
        }
    }

    private struct Cursor {
        let bytes: UnsafeBufferPointer<UInt8>
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        mutating func digit() -> Int64? {
            guard index < bytes.count, bytes[index] >= 48, bytes[index] <= 57 else { return nil }
            index += 1
            return Int64(bytes[index - 1] - 48)
        }

        mutating func number(_ width: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<width {
                guard let next = digit() else { return nil }
                value = value * 10 + next
            }
            return value
        }

        /// One to many digits of a second, cut to microseconds.
        mutating func fraction() -> Int64? {
            guard var value = digit() else { return nil }
            var width = 1
            while let next = digit() {
                if width < 6 {
                    value = value * 10 + next
                    width += 1
                }
            }
            while width < 6 {
                value *= 10
                width += 1
            }
            return value
        }

        /// `Z`, `+hh`, `+hhmm` or `+hh:mm`, in microseconds; nothing at all is UTC.
        mutating func offset() -> Int64? {
            if isAtEnd || take("Z") || take("z") { return 0 }
            let negative = take("-")
            guard negative || take("+"), let hours = number(2), hours < 24 else { return nil }
            var minutes: Int64 = 0
            if !isAtEnd {
                _ = take(":")
                guard let given = number(2), given < 60 else { return nil }
                minutes = given
            }
            let offset = (hours * 60 + minutes) * 60_000_000
            return negative ? -offset : offset
        }
    }
}

extension Int64 {
    /// Quotient and remainder with the remainder never negative.
    func dividedFlooring(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
