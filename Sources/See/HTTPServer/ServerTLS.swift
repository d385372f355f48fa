public import FleetCore
import NIOSSL

/// The certificate and key that a server shows.
public struct ServerTLS: Sendable {
    let context: NIOSSLContext
    /// When the first certificate of the chain ends.
    public let end: Timestamp

    /// - Parameters:
    ///   - certificate: a file in PEM form: the server's own certificate, and those between it and its authority.
    ///   - key: a file in PEM form.
    /// - Throws: `invalidInput` where they are no certificate and its key.
    public init(certificate: String, key: String) throws {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            context = try NIOSSLContext(configuration: configuration)
            let seconds = chain.map(\.notValidAfter).min() ?? 0
            end = Timestamp(microseconds: Int64(seconds) * 1_000_000)
        } catch {
            throw FleetError(
                .invalidInput, "\(certificate) and \(key) are no certificate and its key",
                remedy: "name the files of one pair, in PEM form, that this process may read", underlying: "\(error)")
        }
    }
}
