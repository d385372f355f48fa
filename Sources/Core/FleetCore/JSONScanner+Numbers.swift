/// Where a number stands.
struct JSONNumberSpan {
    let start: Int
    let end: Int
    /// It has neither a fraction nor an exponent.
    let isInteger: Bool
}

extension JSONScanner {
    /// Passes a number, of which the form is checked. It stands on the minus or the first digit.
    mutating func number() throws(JSONError) -> JSONNumberSpan {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
            if isDigit(current) { throw problem("a number begins with a needless 0", at: position - 1) }
        } else {
            try digits()
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits()
        }
        if current | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return JSONNumberSpan(start: start, end: position, isInteger: isInteger)
    }

    /// Passes one or more digits.
    private mutating func digits() throws(JSONError) {
        if !isDigit(current) { throw problem("a digit is missing in a number") }
        repeat { position += 1 } while isDigit(current)
    }

    @inline(__always) private func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    /// The value of a number. One too large for a `Double` is refused: infinity is no value of JSON.
    func value(of span: JSONNumberSpan) throws(JSONError) -> JSONValue {
        if span.isInteger, let integer = integer(of: span) { return .integer(integer) }
        guard let real = Double(source(from: span.start, to: span.end)), real.isFinite else {
            throw JSONError(offset: span.start, reason: "a number is too large")
        }
        return .real(real)
    }

    /// Summed up below zero, where there is one number more.
    private func integer(of span: JSONNumberSpan) -> Int64? {
        let isNegative = byte(at: span.start) == UInt8(ascii: "-")
        var sum: Int64 = 0
        for index in (isNegative ? span.start + 1 : span.start)..<span.end {
            let (tenfold, overflow) = sum.multipliedReportingOverflow(by: 10)
            let (next, overflowed) = tenfold.subtractingReportingOverflow(Int64(byte(at: index)) - 0x30)
            if overflow || overflowed { return nil }
            sum = next
        }
        if isNegative { return sum }
        return sum == .min ? nil : -sum
    }
}
