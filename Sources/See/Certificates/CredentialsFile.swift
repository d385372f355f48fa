public import FleetCore
import Foundation

/// A file of credentials for NATS: a JWT, and the seed that proves it (https://docs.nats.io/using-nats/developer/connecting/creds).
public enum CredentialsFile {
    private static let beginning = "-----BEGIN NATS USER JWT-----"
    private static let ending = "------END NATS USER JWT------"
    /// Such a file has about a kibibyte.
    private static let longest = 64 * 1024
    /// The end of the year 9999: what says more means never.
    private static let never = 253_402_300_800.0

    /// When the JWT ends; `nil` where it does not. Whether it is genuine is not looked at, and nothing of it is told.
    /// - Throws: `invalidInput` where there is none that can be read.
    public static func end(_ path: String) throws -> Timestamp? {
        guard let content = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: longest),
            let claims = read(String(decoding: content, as: UTF8.self))
        else {
            throw FleetError(
                .invalidInput, "\(path) holds no JWT of NATS that can be read",
                remedy: "write it anew (`nsc generate creds`)")
        }
        guard let end = claims.exp, end > 0, end < never else { return nil }
        return Timestamp(microseconds: Int64(end) * 1_000_000)
    }

    private struct Claims: Decodable {
        /// Seconds since 1970.
        var exp: Double?
    }

    private static func read(_ text: String) -> Claims? {
        guard let begin = text.range(of: beginning)?.upperBound,
            let end = text.range(of: ending, range: begin..<text.endIndex)?.lowerBound
        else { return nil }
        let parts = text[begin..<end].filter { !$0.isWhitespace }
            .split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var payload = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        payload += String(repeating: "=", count: (4 - payload.utf8.count % 4) % 4)
        return Data(base64Encoded: payload).flatMap { try? JSONDecoder().decode(Claims.self, from: $0) }
    }
}
