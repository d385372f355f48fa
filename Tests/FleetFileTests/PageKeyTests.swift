import FleetCore
import FleetFile
import Foundation
import TestKit
import Testing

/// `page`, and what it and `metrics` need to be served to others.
@Suite struct PageKeyTests {
    private static let services = "services: {a: {store: sqlite:a.db}}"

    /// Files that look like a certificate and its key.
    private static func files() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for (name, kind) in [("page.crt", "CERTIFICATE"), ("page.key", "PRIVATE KEY")] {
            try "-----BEGIN \(kind)-----\n-----END \(kind)-----\n".write(
                toFile: directory.file(name), atomically: true, encoding: .utf8)
        }
        return directory
    }

    @Test func theShortForm() {
        let result = read("fleet: f\npage: \"127.0.0.1:7070\"\n\(Self.services)")
        #expect(result.problems.isEmpty, "\(result.problems)")
        #expect(result.definition?.page == ServingDefinition(host: "127.0.0.1", port: 7070))
    }

    @Test(arguments: ["page", "metrics"])
    func whatOthersReachHasATokenAndTLS(_ key: String) throws {
        let files = try Self.files()
        let tls = "tls: {certificate: \"\(files.file("page.crt"))\", key: \"\(files.file("page.key"))\"}"
        let result = read(
            "fleet: f\n\(key): {listen: \"0.0.0.0:443\", token: \"${TOKEN}\", \(tls)}\n\(Self.services)",
            environment: ["TOKEN": "0123456789abcdef"])
        #expect(result.problems.isEmpty, "\(result.problems)")
        let expected = ServingDefinition(
            host: "0.0.0.0", port: 443, token: "0123456789abcdef",
            tls: ServingDefinition.TLS(certificate: files.file("page.crt"), key: files.file("page.key")))
        #expect((key == "page" ? result.definition?.page : result.definition?.metrics) == expected)
        #expect(!"\(expected)".contains("0123456789abcdef"))
        for (lacking, missing) in [
            (tls, "add token: \"${TOKEN}\", or write"), ("token: 0123456789abcdef", "add tls: {cert"),
        ] {
            Marked(
                "fleet: f\n\(key): {listen: ‸\"0.0.0.0:443\", \(lacking)}\n\(Self.services)",
                "\"0.0.0.0:443\" is not on the loopback interface, and without TLS and a token nothing is served"
                    + " elsewhere; \(missing)"
            ).check()
        }
        Marked(
            "fleet: f\n\(key): ‸\"10.0.0.1:443\"\n\(Self.services)",
            "add token: \"${TOKEN}\" and tls: {certificate: FILE,"
        ).check()
    }

    private static func page(_ value: String) -> String { "fleet: f\npage: \(value)\n\(services)" }

    @Test(arguments: [
        Marked(
            page("{listen: \"127.0.0.1:1\", token: ‸short}"),
            "\"token\" is short: one of less than 16 characters can be guessed"),
        Marked(
            page("{listen: \"127.0.0.1:1\", token: ‸\"0123456789 abcdef\"}"),
            "\"token\" has characters that no HTTP field may have"),
        Marked(
            page("{listen: \"127.0.0.1:1\", tls: ‸{certificate: ‸/dev/null}}"),
            "\"tls\" has no \"key\"; add key: FILE", "\"/dev/null\" holds no certificate"),
        Marked(
            page("{listen: \"127.0.0.1:1\", tls: {key: ‸/nowhere, certificate: ‸/dev/null}}"),
            "\"/nowhere\" cannot be read", "\"/dev/null\" holds no certificate"),
        Marked(page("{‸lissten: \"127.0.0.1:1\"}"), "did you mean \"listen\"?"),
        Marked(page("‸[]"), "must be a mapping, but is a list"),
    ])
    func mistakes(file: Marked) { file.check() }

    @Test func twoCannotListenAtOneAddress() {
        Marked(
            "fleet: f\nmetrics: \"127.0.0.1:7070\"\npage: ‸\"127.0.0.1:7070\"\n\(Self.services)",
            "\"page\" and \"metrics\" listen at the same address; give one of them another port"
        ).check()
        #expect(read("fleet: f\nmetrics: \"127.0.0.1:0\"\npage: \"127.0.0.1:0\"\n\(Self.services)").problems.isEmpty)
    }
}
