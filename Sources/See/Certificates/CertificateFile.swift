public import FleetCore
import NIOSSL

/// A file of certificates in PEM form.
public enum CertificateFile {
    /// When the first of a chain's certificates ends: what begins with a server's or a client's own.
    /// - Throws: `invalidInput` where there is none that can be read.
    public static func chainEnd(_ path: String) throws -> Timestamp {
        try ends(path).min() ?? .now()
    }

    /// When the last of the authorities in a file ends: until then somebody can be trusted.
    /// - Throws: `invalidInput` where there is none that can be read.
    public static func authorityEnd(_ path: String) throws -> Timestamp {
        try ends(path).max() ?? .now()
    }

    private static func ends(_ path: String) throws -> [Timestamp] {
        do {
            return try NIOSSLCertificate.fromPEMFile(path).map(\.end)
        } catch {
            throw FleetError(
                .invalidInput, "\(path) holds no certificate in PEM form that can be read",
                remedy: "put one there that this process may read", underlying: "\(error)")
        }
    }
}

extension NIOSSLCertificate {
    /// The moment from which nobody takes it any more.
    var end: Timestamp { Timestamp(microseconds: Int64(notValidAfter) * 1_000_000) }
}
