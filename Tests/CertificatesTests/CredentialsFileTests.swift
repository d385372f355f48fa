import Certificates
import FleetCore
import Foundation
import TestKit
import Testing

/// When the JWT of a file of NATS' credentials ends.
@Suite struct CredentialsFileTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func end(of text: String) throws -> Timestamp? {
        let path = files.file("fleet.creds")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try CredentialsFile.end(path)
    }

    @Test func whatItSaysIsTold() throws {
        let authority = NATSOperator()
        #expect(try end(of: authority.credentials()) == nil)
        for days in [20, -1] {
            let found = try end(of: authority.credentials(lifetime: .seconds(days * 86_400)))
            let left = try #require(found).elapsed(since: .now())
            #expect(left > .seconds(days * 86_400 - 3600) && left <= .seconds(days * 86_400), "\(left)")
        }
    }

    /// Numbers that no calendar has, and what is no JWT, end nothing; of what there is, nothing is told.
    @Test func whateverItHolds() throws {
        func file(_ claims: String) -> String {
            let payload = Data(claims.utf8).base64EncodedString().filter { $0 != "=" }
            return "-----BEGIN NATS USER JWT-----\nzqhead.\(payload).zqsignature\n------END NATS USER JWT------\n"
        }
        #expect(try end(of: file("{\"exp\": 1790000000}")) == Timestamp(microseconds: 1_790_000_000_000_000))
        for claims in ["{}", "{\"exp\": 0}", "{\"exp\": 1e300}", "{\"exp\": -9223372036854775808}", "{\"exp\": null}"] {
            #expect(try end(of: file(claims)) == nil, "\(claims)")
        }
        let good = try NATSOperator().credentials()
        for wrong in [
            "", "zqnothing", file("zqtext"), file("{\"exp\": \"zqsoon\"}"), file("[]"),
            good.replacingOccurrences(of: "-----BEGIN NATS", with: "zq"), String(good.prefix(100)),
            "-----BEGIN NATS USER JWT-----\nzqone.zqtwo\n------END NATS USER JWT------",
        ] {
            let error = #expect(throws: FleetError.self, "\(wrong)") { try end(of: wrong) }
            #expect(error?.code == .invalidInput && error?.description.contains("fleet.creds") == true)
            #expect(error?.description.contains("zq") == false && error?.description.contains("eyJ") == false)
        }
        #expect(throws: FleetError.self) { try CredentialsFile.end(files.file("absent.creds")) }
    }
}
