public import FleetCore

/// What came of a request to a collector.
public enum OTLPAnswer: Sendable {
    /// It answered.
    /// - Parameter retryAfter: how long it asks to be left alone.
    case answered(status: Int, retryAfter: Duration?, body: [UInt8])
    /// No answer came.
    case unanswered(FleetError)

    /// What it means for what was sent.
    enum Outcome: Sendable, Equatable {
        /// It has all but so many of them.
        case taken(rejected: Int64, message: String)
        /// It does not have them, and may take them later.
        case later(String, after: Duration?)
        /// It does not have them, and will not.
        case refused(String)
    }

    var outcome: Outcome {
        switch self {
        case .unanswered(let error): return .later(error.description, after: nil)
        case .answered(let status, let wait, let body):
            switch status {
            case 200...299:
                let (rejected, message) = OTLPResponse.partialSuccess(in: body)
                return .taken(rejected: rejected, message: message)
            // The only ones that a client may send again: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
            case 429, 502, 503, 504: return .later("it answered \(status)", after: wait)
            default:
                let text = OTLPResponse.message(in: body)
                return .refused("it answered \(status)" + (text.isEmpty ? "" : ": \(text)"))
            }
        }
    }
}

/// Reads what a collector says, in either form, as far as it says anything that can be read. Nothing of it is trusted.
enum OTLPResponse {
    private static let longest = 200

    /// `partial_success`, which is field 1 of the answer to each signal: `{1: rejected, 2: message}`.
    static func partialSuccess(in body: [UInt8]) -> (rejected: Int64, message: String) {
        if body.first == UInt8(ascii: "{") {
            let paths = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords", "errorMessage"]
                .map { JSONFieldPath(["partialSuccess", $0]) }
            guard let found = try? JSONFields(paths).extract(from: body) else { return (0, "") }
            let rejected = found.prefix(3).compactMap { value -> Int64? in
                switch value {
                case .integer(let number): number
                case .text(let text): Int64(text)
                default: nil
                }
            }
            return (rejected.first ?? 0, text(found[3]))
        }
        var (rejected, message): (Int64, String) = (0, "")
        for (number, value) in fields(body[...]) {
            guard number == 1, case .bytes(let inner) = value else { continue }
            for (number, value) in fields(inner) {
                switch (number, value) {
                case (1, .number(let count)): rejected = Int64(bitPattern: count)
                case (2, .bytes(let text)): message = shown(text)
                default: break
                }
            }
        }
        return (rejected, message)
    }

    /// The message of a `google.rpc.Status`, which is field 2.
    static func message(in body: [UInt8]) -> String {
        if body.first == UInt8(ascii: "{") {
            let found = try? JSONFields([JSONFieldPath(["message"])]).extract(from: body)
            return text(found?.first ?? nil)
        }
        for (number, value) in fields(body[...]) {
            if number == 2, case .bytes(let text) = value { return shown(text) }
        }
        return ""
    }

    private static func text(_ value: JSONValue?) -> String {
        if case .text(let text)? = value { shown(Array(text.utf8)[...]) } else { "" }
    }

    /// One line, not too long.
    private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes.prefix(longest), as: UTF8.self)
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    private enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    /// The fields of a message of protobuf, up to what is none.
    private static func fields(_ bytes: ArraySlice<UInt8>) -> [(number: UInt64, value: Value)] {
        var rest = bytes
        var fields: [(UInt64, Value)] = []
        while let tag = varint(&rest) {
            switch tag & 7 {
            case 0:
                guard let number = varint(&rest) else { return fields }
                fields.append((tag >> 3, .number(number)))
            case 1 where rest.count >= 8: rest = rest.dropFirst(8)
            case 5 where rest.count >= 4: rest = rest.dropFirst(4)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return fields }
                fields.append((tag >> 3, .bytes(rest.prefix(Int(length)))))
                rest = rest.dropFirst(Int(length))
            default: return fields
            }
        }
        return fields
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while let byte = rest.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
