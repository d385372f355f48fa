#if NATS
    import Brokers
    import FleetCore
    import Foundation
    import TestKit
    import Testing

    @testable import NATSBroker

    /// Who is let in, and how.
    @Suite struct NATSSecurityTests {
        /// From the documentation of NATS.
        private static let seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
        private static let key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

        private func carry(_ place: Place) async throws {
            try await place.withBroker { broker in
                _ = try await broker.append([.numbered(1)], to: place.stream)
                try checkEqual(try await broker.numbers(of: place.stream), [1])
            }
        }

        private func refuse(_ place: Place, secret: String? = nil) async throws {
            for _ in 0..<3 {
                let error = try await checkThrows(.denied) { try await place.setup.plan(place.needs) }
                try check(error.remedy != nil, "\(error)")
                if let secret { try check(!"\(error)".contains(secret), "the secret is told: \(error)") }
            }
        }

        @Test func userAndPassword() async throws {
            let server = try await NATSServer(settings: "authorization { user: ann, password: sesame }")
            try await carry(Place(["nats://ann:sesame@127.0.0.1:\(server.port)"]))
            try await refuse(Place(["nats://ann:wrong@127.0.0.1:\(server.port)"]), secret: "wrong")
            try await refuse(Place([server.url]))
        }

        @Test func token() async throws {
            let server = try await NATSServer(settings: "authorization { token: sesame }")
            try await carry(Place(["nats://sesame@127.0.0.1:\(server.port)"]))
            try await refuse(Place(["nats://wrong@127.0.0.1:\(server.port)"]), secret: "wrong")
        }

        @Test func publicKeyOfASeed() {
            #expect(NKey.publicKey(ofSeed: Self.seed) == Self.key)
            #expect(NKey.publicKey(ofSeed: "SU" + Self.seed.dropFirst(2).lowercased()) == nil)
            #expect(NKey.publicKey(ofSeed: String(Self.seed.dropLast())) == nil)
            #expect(NKey.publicKey(ofSeed: Self.key) == nil)
            #expect(NKey.publicKey(ofSeed: "") == nil)
        }

        /// Also where libnats leaves out a signature, as it does once in 256 times.
        @Test func whoSignsIsLetInEachTime() async throws {
            let server = try await NATSServer(settings: "authorization { users: [ { nkey: \(Self.key) } ] }")
            try (Self.seed + "\n").write(toFile: server.directory.file("user.nk"), atomically: true, encoding: .utf8)
            let settings = NATSSettings(servers: [server.url], name: "test", nkey: server.directory.file("user.nk"))
            for _ in 0..<1000 { await (try NATSConnection.open(settings, for: .asking)).close() }
        }

        @Test func nkey() async throws {
            let server = try await NATSServer(settings: "authorization { users: [ { nkey: \(Self.key) } ] }")
            var place = Place([server.url])
            place.nkey = server.directory.file("user.nk")
            try (Self.seed + "\n").write(toFile: server.directory.file("user.nk"), atomically: true, encoding: .utf8)
            try await carry(place)
            try "nothing".write(toFile: server.directory.file("user.nk"), atomically: true, encoding: .utf8)
            let without = place
            try await checkThrows(.invalidInput) { try await without.setup.plan(without.needs) }
            place.nkey = server.directory.file("absent.nk")
            let absent = place
            let error = try await checkThrows(.missing) { try await absent.setup.plan(absent.needs) }
            try check(error.message.contains("broker.nkey"), "\(error)")
            place.nkey = nil
            place.credentials = server.directory.file("absent.creds")
            let uncredited = place
            let other = try await checkThrows(.missing) { try await uncredited.setup.plan(uncredited.needs) }
            try check(other.message.contains("broker.credentials"), "\(other)")
        }

        /// An operator's JWTs, as a server has them whose accounts are made with `nsc`.
        @Test func credentialsFile() async throws {
            let authority = NATSOperator()
            let server = try await NATSServer(settings: try authority.settings())
            let file = server.directory.file("user.creds")
            var place = Place([server.url])
            try await refuse(place)
            place.credentials = file
            func write(_ text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }
            try write(try authority.credentials())
            try await carry(place)
            try write(try authority.credentials(lifetime: .seconds(3600)))
            try await carry(place)
            // Out of date; of another operator; with the seed of another user.
            let other = NATSOperator()
            let seed = try #require(try other.credentials().split(separator: "\n").first { $0.hasPrefix("SU") })
            for wrong in [
                try authority.credentials(lifetime: .seconds(-60)), try other.credentials(),
                try authority.credentials(seed: String(seed)),
            ] {
                try write(wrong)
                let secret = try #require(wrong.split(separator: "\n").first { $0.hasPrefix("SU") })
                try await refuse(place, secret: String(secret))
            }
            let good = try authority.credentials()
            for damaged in [
                "", "nothing", String(good.prefix(good.count / 2)), good.replacing("USER JWT", with: "USER"),
            ] {
                try write(damaged)
                let unusable = place
                let error = try await checkThrows(.invalidInput) { try await unusable.setup.plan(unusable.needs) }
                try check(error.message.contains("broker.credentials") && error.message.contains(file), "\(error)")
                try check(!"\(error)".contains("SU"), "\(error)")
            }
        }

        @Test func permissionsThatAreMissingAreTold() async throws {
            let server = try await NATSServer(
                settings: """
                    authorization { users: [
                      { user: all, password: p }
                      { user: few, password: p, permissions: { publish: ["$JS.API.>", "_INBOX.>"], subscribe: ["_INBOX.>"] } }
                      { user: none, password: p, permissions: { publish: ["x"], subscribe: ["_INBOX.>"] } }
                    ] }
                    """)
            let all = Place(["nats://all:p@127.0.0.1:\(server.port)"])
            _ = try await all.setup.apply(all.needs)
            let few = Place(["nats://few:p@127.0.0.1:\(server.port)"]).broker()
            let error = try await checkThrows(.denied) { try await few.append([.numbered(1)], to: all.stream) }
            try check(error.underlying?.contains("fleet.orders.OrderPlaced") ?? false, "\(error)")
            await few.close()
            try await refuse(Place(["nats://none:p@127.0.0.1:\(server.port)"]))
        }

        @Test func tls() async throws {
            guard let openssl = Command("openssl") else { return }
            let files = try TemporaryDirectory()
            func certificate(_ name: String, host: String, by authority: String?) throws {
                let (key, request) = (files.file("\(name).key"), files.file("\(name).csr"))
                let certificate = files.file("\(name).pem")
                guard let authority else {
                    try openssl.succeed([
                        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(host)",
                        "-keyout", key,
                        "-out", certificate,
                    ])
                    return
                }
                try openssl.succeed([
                    "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(host)", "-keyout", key, "-out", request,
                ])
                try "subjectAltName=DNS:\(host)\n".write(toFile: files.file("ext"), atomically: true, encoding: .utf8)
                try openssl.succeed([
                    "x509", "-req", "-in", request, "-CA", files.file("\(authority).pem"), "-CAkey",
                    files.file("\(authority).key"), "-CAcreateserial", "-days", "2", "-extfile", files.file("ext"),
                    "-out",
                    certificate,
                ])
            }
            try certificate("ca", host: "authority", by: nil)
            try certificate("other", host: "other authority", by: nil)
            try certificate("server", host: "localhost", by: "ca")
            try certificate("elsewhere", host: "elsewhere.example", by: "ca")
            try certificate("client", host: "client", by: "ca")
            func settings(_ name: String, verify: Bool = false) -> String {
                """
                tls { cert_file: "\(files.file("\(name).pem"))", key_file: "\(files.file("\(name).key"))",
                  ca_file: "\(files.file("ca.pem"))", verify: \(verify), timeout: 180 }
                """
            }
            func place(_ server: NATSServer, authority: String, client: Bool = false) -> Place {
                var place = Place(["tls://localhost:\(server.port)"])
                place.tls = NATSSettings.TLS(
                    authority: files.file("\(authority).pem"), certificate: client ? files.file("client.pem") : nil,
                    key: client ? files.file("client.key") : nil)
                return place
            }
            let plain = try await NATSServer(settings: settings("server"))
            try await carry(place(plain, authority: "ca"))
            try await refuse(place(plain, authority: "other"))
            let wrongName = try await NATSServer(settings: settings("elsewhere"))
            try await refuse(place(wrongName, authority: "ca"))
            let verifying = try await NATSServer(settings: settings("server", verify: true))
            try await carry(place(verifying, authority: "ca", client: true))
            let stranger = place(verifying, authority: "ca")
            try await checkThrows(.denied, .unavailable) { try await stranger.setup.plan(stranger.needs) }
        }
    }
#endif
