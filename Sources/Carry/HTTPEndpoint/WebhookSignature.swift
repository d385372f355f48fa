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
        var signed: [UInt8] = []
        signed.reserveCapacity(id.utf8.count + time.utf8.count + 2 + body.count)
        signed += id.utf8
        signed.append(UInt8(ascii: "."))
        signed += time.utf8
        signed.append(UInt8(ascii: "."))
        signed += body
        var code = keyed
        code.update(data: signed)
        return "v1," + Data(code.finalize()).base64EncodedString()
    }
}
