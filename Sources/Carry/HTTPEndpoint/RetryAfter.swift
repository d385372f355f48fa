public import FleetCore
import Foundation

/// What an endpoint asks for with `Retry-After`: a number of seconds, or a date (RFC 9110, 10.2.3).
public enum RetryAfter {
    /// Nobody is left alone for longer than this, whatever it asks for.
    public static let cap = Duration.seconds(300)

    /// - Returns: `nil` where there is no such header, or it says nothing that can be understood.
    public static func wait(_ value: String?, at now: Timestamp) -> Duration? {
        guard let value = value?.trimmingCharacters(in: .whitespaces), !value.isEmpty else { return nil }
        if value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return min(Int64(value).map { .seconds($0) } ?? cap, cap)
        }
        guard let date = date(value) else { return nil }
        let seconds = date.timeIntervalSince1970 - Double(now.microseconds) / 1_000_000
        return min(max(.seconds(seconds), .zero), cap)
    }

    /// The one form that is still written (`Sun, 06 Nov 1994 08:49:37 GMT`); the two obsolete ones are not read.
    private static func date(_ text: String) -> Date? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: text)
    }
}
