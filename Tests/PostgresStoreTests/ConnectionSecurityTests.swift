#if Postgres
    import FleetCore
    import Foundation
    import PostgresConnection
    import Stores
    import TestKit
    import Testing

    /// What a libpq URL says of certificates and passwords, against a server that asks for them.
    @Suite struct ConnectionSecurityTests {
        /// A server with TLS, where each user comes in one way.
        private struct Fixture {
            let server: PrivatePostgres
            let certificates: TestCertificates
            let files: TemporaryDirectory

            init() async throws {
                server = try await PrivatePostgres(settings: ["password_encryption": "scram-sha-256"])
                files = try TemporaryDirectory()
                certificates = try TestCertificates(directory: files.path)
                let pair = try certificates.server("server", alternativeName: "IP:127.0.0.1")
                // The server reads them as the user that it runs as.
                let data = server.dataDirectory
                let owner = try FileManager.default.attributesOfItem(atPath: data)
                for (source, name) in [
                    (pair.certificate, "server.crt"), (pair.key, "server.key"), (certificates.authority, "ca.crt"),
                ] {
                    let file = "\(data)/\(name)"
                    try FileManager.default.copyItem(atPath: source, toPath: file)
                    try FileManager.default.setAttributes(
                        [
                            .posixPermissions: 0o600, .ownerAccountID: owner[.ownerAccountID] ?? 0,
                            .groupOwnerAccountID: owner[.groupOwnerAccountID] ?? 0,
                        ], ofItemAtPath: file)
                }
                try """
                local   all all trust
                hostssl all bycertificate 127.0.0.1/32 cert
                hostssl all overtls       127.0.0.1/32 trust
                host    all bypassword    127.0.0.1/32 scram-sha-256
                """.write(toFile: "\(data)/pg_hba.conf", atomically: false, encoding: .utf8)
                for setting in ["ssl = on", "ssl_ca_file = 'ca.crt'"] {
                    try server.psql("postgres", "ALTER SYSTEM SET \(setting)")
                }
                try server.psql(
                    "postgres",
                    """
                    CREATE ROLE bycertificate LOGIN; CREATE ROLE overtls LOGIN;
                    CREATE ROLE bypassword LOGIN PASSWORD 'hunter2';
                    SELECT pg_reload_conf();
                    """)
                try await eventually("the server speaks TLS") {
                    try server.psql("postgres", "SHOW ssl") == "on"
                }
            }

            /// Connects, and says how: the user, and the version of TLS.
            func connect(_ user: String, _ parameters: String, host: String = "127.0.0.1") async throws -> String {
                try await connect(url: "postgres://\(user)@\(host):\(server.port)/postgres?\(parameters)")
            }

            func connect(url: String) async throws -> String {
                let connection = PostgresConnection(PostgresAddress(url: url, name: "the store"))
                do {
                    let row = try await connection.access { session in
                        try session.firstRow(
                            "SELECT current_user || ' ' || coalesce(version, 'plain') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                        )?[0].text
                    }
                    await connection.close()
                    return row ?? ""
                } catch {
                    await connection.close()
                    throw error
                }
            }

            func refusal(_ user: String, _ parameters: String, host: String = "127.0.0.1") async -> FleetError? {
                do {
                    let row = try await connect(user, parameters, host: host)
                    Issue.record("let in: \(row)")
                    return nil
                } catch {
                    return FleetError.wrapping(error)
                }
            }
        }

        @Test func everyModeOfTLSDoesWhatItSays() async throws {
            let fixture = try await Fixture()
            let authority = fixture.certificates.authority
            for mode in ["allow", "prefer", "require"] {
                #expect(try await fixture.connect("overtls", "sslmode=\(mode)") == "overtls TLSv1.3", "\(mode)")
            }
            for mode in ["verify-ca", "verify-full"] {
                #expect(
                    try await fixture.connect("overtls", "sslmode=\(mode)&sslrootcert=\(authority)")
                        == "overtls TLSv1.3", "\(mode)")
            }
            let plain = await fixture.refusal("overtls", "sslmode=disable")
            #expect(
                plain?.message.contains("the store") == true && plain?.remedy != nil, "\(String(describing: plain))")
            let stranger = await fixture.refusal(
                "overtls", "sslmode=verify-ca&sslrootcert=\(fixture.certificates.strangeAuthority)")
            #expect(
                stranger?.description.contains("certificate verify failed") == true, "\(String(describing: stranger))")
            #expect(stranger?.remedy?.contains("sslrootcert") == true, "\(String(describing: stranger))")
            let otherName = await fixture.refusal(
                "overtls", "sslmode=verify-full&sslrootcert=\(authority)", host: "localhost")
            #expect(otherName?.description.contains("localhost") == true, "\(String(describing: otherName))")
            let noAuthority = await fixture.refusal("overtls", "sslmode=verify-full&sslrootcert=/nowhere/ca.crt")
            #expect(noAuthority?.description.contains("/nowhere/ca.crt") == true, "\(String(describing: noAuthority))")
        }

        @Test func clientComesInWithItsCertificate() async throws {
            let fixture = try await Fixture()
            let pair = try fixture.certificates.client("bycertificate")
            let other = try fixture.certificates.client("somebody")
            func parameters(_ pair: TestCertificates.Pair) -> String {
                "sslmode=require&sslcert=\(pair.certificate)&sslkey=\(pair.key)"
            }
            #expect(try await fixture.connect("bycertificate", parameters(pair)) == "bycertificate TLSv1.3")
            let wrong = await fixture.refusal("bycertificate", parameters(other))
            #expect(wrong?.remedy != nil && wrong?.isRetriable == false, "\(String(describing: wrong))")
            let none = await fixture.refusal("bycertificate", "sslmode=require&sslcert=/nowhere/client.crt")
            #expect(none?.remedy != nil, "\(String(describing: none))")
        }

        @Test func passwordComesFromURLOrPasswordFile() async throws {
            let fixture = try await Fixture()
            let port = fixture.server.port
            #expect(try await fixture.connect("bypassword:hunter2", "sslmode=disable") == "bypassword plain")
            let file = fixture.files.file("pgpass")
            try "127.0.0.1:\(port):*:bypassword:hunter2\n".write(toFile: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            #expect(try await fixture.connect("bypassword", "sslmode=disable&passfile=\(file)") == "bypassword plain")
            for wrong in ["bypassword:hunter3", "bypassword"] {
                let refused = await fixture.refusal(wrong, "sslmode=disable&passfile=/nowhere")
                #expect(refused?.remedy != nil && refused?.isRetriable == false, "\(String(describing: refused))")
                #expect(refused?.description.contains("hunter") == false, "\(String(describing: refused))")
            }
        }
    }
#endif
