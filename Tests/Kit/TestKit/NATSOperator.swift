import Crypto
import FleetCore
import Foundation

/// An operator of NATS with an account and its users, as `nsc` makes them: keys, JWTs, and credentials files of users.
/// https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt
public struct NATSOperator: Sendable {
    /// A key pair in the form of nkeys: base 32 of a prefix, the key and a check sum. https://github.com/nats-io/nkeys
    public struct Key: Sendable {
        enum Role: UInt8 {
            case operating = 14, account = 0, user = 20

            var prefix: UInt8 { rawValue << 3 }
        }

        private let role: Role
        private let key = Curve25519.Signing.PrivateKey()

        init(_ role: Role) { self.role = role }

        /// Begins with `O`, `A` or `U`.
        var publicKey: String { Self.encoded([role.prefix] + key.publicKey.rawRepresentation) }

        /// Begins with `S` and the letter of the public key.
        public var seed: String {
            let seedPrefix: UInt8 = 18 << 3
            return Self.encoded([seedPrefix | role.prefix >> 5, role.prefix << 3] + key.rawRepresentation)
        }

        func signature(of text: String) throws -> String { try key.signature(for: Data(text.utf8)).base64URL }

        private static func encoded(_ bytes: [UInt8]) -> String {
            // CRC-16/XMODEM.
            let sum = bytes.reduce(UInt16(0)) { sum, byte in
                (0..<8).reduce(sum ^ UInt16(byte) << 8) { sum, _ in sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
            }
            return base32(bytes + [UInt8(sum & 0xFF), UInt8(sum >> 8)])
        }
    }

    private let key = Key(.operating)
    private let account = Key(.account)
    private let system = Key(.account)

    public init() {}

    /// Lines of the configuration of a server that trusts the operator and knows the account, which may use JetStream.
    public func settings() throws -> String {
        let streams = ["mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1]
        let accounts = [
            (account.publicKey, try jwt(of: account, name: "fleet", signedBy: key, accountClaims(streams))),
            (system.publicKey, try jwt(of: system, name: "SYS", signedBy: key, accountClaims([:]))),
        ]
        return """
            operator: "\(try jwt(of: key, name: "test", signedBy: key, ["type": "operator", "version": 2]))"
            system_account: \(system.publicKey)
            resolver: MEMORY
            resolver_preload: { \(accounts.map { "\($0): \"\($1)\"" }.joined(separator: ", ")) }
            """
    }

    /// The text of a new user's credentials file.
    /// - Parameters:
    ///   - lifetime: how long it is good for; for ever where it is `nil`.
    ///   - seed: of somebody else, in place of the user's own.
    public func credentials(lifetime: Duration? = nil, seed: String? = nil) throws -> String {
        let user = Key(.user)
        let claims: [String: any Sendable] = [
            "type": "user", "version": 2, "pub": [String: String](), "sub": [String: String](), "subs": -1, "data": -1,
            "payload": -1,
        ]
        let end = lifetime.map { Int(Date().timeIntervalSince1970) + Int($0.components.seconds) }
        return """
            -----BEGIN NATS USER JWT-----
            \(try jwt(of: user, name: "flotilla", signedBy: account, claims, until: end))
            ------END NATS USER JWT------

            ************************* IMPORTANT *************************
            NKEY Seed printed below can be used to sign and prove identity.

            -----BEGIN USER NKEY SEED-----
            \(seed ?? user.seed)
            ------END USER NKEY SEED------

            """
    }

    private func accountClaims(_ streams: [String: Int]) -> [String: any Sendable] {
        let limits: [String: any Sendable] = [
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1,
            "wildcards": true,
        ]
        let permissions = ["pub": [String: String](), "sub": [String: String]()]
        return [
            "type": "account", "version": 2, "limits": limits.merging(streams) { $1 },
            "default_permissions": permissions,
        ]
    }

    private func jwt(
        of subject: Key, name: String, signedBy issuer: Key, _ claims: [String: any Sendable], until end: Int? = nil
    ) throws -> String {
        var body: [String: any Sendable] = [
            "jti": UUID().uuidString, "iat": Int(Date().timeIntervalSince1970), "iss": issuer.publicKey, "name": name,
            "sub": subject.publicKey, "nats": claims,
        ]
        if let end { body["exp"] = end }
        let header = try JSONSerialization.data(withJSONObject: ["typ": "JWT", "alg": "ed25519-nkey"]).base64URL
        let signed = "\(header).\(try JSONSerialization.data(withJSONObject: body).base64URL)"
        return "\(signed).\(try issuer.signature(of: signed))"
    }
}

extension Data {
    fileprivate var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// RFC 4648, without padding.
private func base32(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    var text = ""
    var (bits, count): (UInt32, UInt32) = (0, 0)
    for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        count += 8
        while count >= 5 {
            count -= 5
            text.append(alphabet[Int(bits >> count & 31)])
        }
    }
    if count > 0 { text.append(alphabet[Int(bits << (5 - count) & 31)]) }
    return text
}
