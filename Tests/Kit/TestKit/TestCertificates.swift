import Foundation

/// An authority of a test's own, and certificates that it signs, as PEM files; made with `openssl`.
public struct TestCertificates: Sendable {
    private let directory: String

    /// - Parameter directory: where the files are put; it must exist.
    public init(directory: String) throws {
        self.directory = directory
        try makeAuthority("ca")
        // One that nobody here trusts.
        try makeAuthority("stranger")
    }

    public var authority: String { path("ca.crt") }
    /// An authority that signs nothing.
    public var strangeAuthority: String { path("stranger.crt") }

    /// A certificate and its key.
    public struct Pair: Sendable {
        public let certificate: String
        public let key: String
    }

    /// A certificate for a server.
    /// - Parameters:
    ///   - alternativeName: what clients know it by: `IP:127.0.0.1`, `DNS:localhost`.
    ///   - days: how long it is taken; -1 for one that has ended.
    public func server(_ name: String, alternativeName: String, days: Int = 2) throws -> Pair {
        try sign(name, extensions: "subjectAltName=\(alternativeName)\nextendedKeyUsage=serverAuth\n", days: days)
    }

    /// A certificate for a client, whose common name is `name`.
    public func client(_ name: String) throws -> Pair {
        try sign(name, extensions: "extendedKeyUsage=clientAuth\n")
    }

    private func path(_ file: String) -> String { "\(directory)/\(file)" }

    private func makeAuthority(_ name: String) throws {
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj",
            "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).crt"),
        ])
    }

    private func sign(_ name: String, extensions: String, days: Int = 2) throws -> Pair {
        let pair = Pair(certificate: path("\(name).crt"), key: path("\(name).key"))
        let (request, settings) = (path("\(name).csr"), path("\(name).ext"))
        try openssl([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", pair.key, "-out", request,
        ])
        try extensions.write(toFile: settings, atomically: true, encoding: .utf8)
        try openssl([
            "x509", "-req", "-in", request, "-CA", path("ca.crt"), "-CAkey", path("ca.key"), "-CAcreateserial", "-days",
            "\(days)", "-extfile", settings, "-out", pair.certificate,
        ])
        // Clients refuse a key that others may read.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pair.key)
        return pair
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardInput = FileHandle.nullDevice
        let (status, output) = try process.runToEnd()
        try check(
            status == 0, "openssl \(arguments.first ?? "") failed: \(String(decoding: output, as: UTF8.self))")
    }
}
