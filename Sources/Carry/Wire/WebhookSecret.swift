public import FleetCore
import Foundation

/// A secret that signs webhooks, after the Standard Webhooks specification. It is never printed.
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
public struct WebhookSecret: Sendable, Hashable, CustomStringConvertible {
    /// The key of the HMAC.
    public let key: [UInt8]

    private static let prefix = "whsec_"
    /// A key shorter than this is guessed too easily; the specification wants 24 bytes at least.
    public static let shortestKey = ByteCount(24)

    /// Reads `whsec_` and Base64, or takes a plain text as the key itself.
    /// - Throws: `invalidInput` with the cure; the secret is not quoted.
    public init(_ text: String) throws(FleetError) {
        if text.hasPrefix(Self.prefix) {
            guard let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))), !data.isEmpty else {
                throw FleetError(
                    .invalidInput, "what follows \(Self.prefix) is no Base64",
                    remedy: "take the secret as it was given, or make one: echo whsec_$(openssl rand -base64 32)")
            }
            key = Array(data)
        } else {
            key = Array(text.utf8)
        }
    }

    public var description: String { "***" }
}
