import Crypto
import FleetCore
import Foundation
public import Wire

/// Signs requests after the Standard Webhooks specification, symmetrically (`v1`).
public struct WebhookSignature: Sendable {
    /// With the key worked in: a copy of it signs one message.
    private let keyed: HMAC<SHA256>

    public init(_ secret: WebhookSecret) {
        keyed = HMAC(key: SymmetricKey(data: secret.key))
    }

    /// The value of `webhook-signature`: `v1,` and the HMAC-SHA256 of id, time and body.
    /// - Parameter time: in seconds since 1970, as `webhook-timestamp` says it.
    public func value(id: String, time: String, body: [UInt8]) -> String {
        var code = keyed
        var beginning = "\(id).\(time)."
        beginning.withUTF8 { code.update(data: UnsafeRawBufferPointer($0)) }
        body.withUnsafeBytes { code.update(data: $0) }
        return "v1," + Data(code.finalize()).base64EncodedString()
    }
}
