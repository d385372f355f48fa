#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// libpq quotes what it cannot use, which is a part of the password where a URL was written badly.
    @Suite struct SecretTests {
        /// With a password of which every part that could be shown is `qxzv` or `jwky`.
        private static let misplaced = [
            "postgres://app:qxzv@jwky@h/db", "postgres://app:qxzv/jwky@h/db", "postgres://app:qxzv?jwky@h/db",
            "postgres://app:qxzv#jwky@h/db", "postgres://app:qxzv@jw/ky@h/db", "postgres://qxzv@jwky:x@h/db",
            "postgres://app:qxzv@jwky@/db?host=/nowhere", "postgres://h?password=qxzv@jwky",
            "postgresql://app:12/qxzv@jwky/db",
            "postgres://app:qxzv/jwky@h/db?sslmode=disable&password=x@y",
        ]
        private static let invalid = [
            ("postgres://app:x@127.0.0.1/db?sslmode=qxzvjwky", "sslmode"),
            ("postgres://app:qxzvjwky/db", "port"), ("postgres://app:x@127.0.0.1:qxzvjwky/db", "port"),
            ("postgres://app:x@127.0.0.1/db?channel_binding=qxzvjwky", "channel_binding"),
            ("postgres://app:x@127.0.0.1/db?target_session_attrs=qxzvjwky", "target_session_attrs"),
            ("postgres://app:x@127.0.0.1/db?hostaddr=qxzvjwky", "hostaddr"),
            ("postgres://app:x@127.0.0.1/db?service=qxzvjwky", "service"),
            ("postgres://app:x@127.0.0.1:99999/db?application_name=qxzvjwky", ""),
            ("postgres://app:x@127.0.0.1:1,2/db?host=a,b,qxzvjwky", "host"),
        ]
        private static let unreadable = [
            "postgres://app:qxzv?jw/ky@h/db", "postgres://app:%zzqxzvjwky@h/db", "postgres://h/db?qxzvjwky",
            "postgres://h/db?qxzvjwky=1",
            "postgres://app:qxzvjwky@[::1/db", "qxzvjwky",
        ]

        private func refusal(_ url: String) async throws -> FleetError {
            let address = PostgresAddress(url: url, name: "the store")
            let connection = PostgresConnection(address)
            let error = try await checkThrows(.invalidInput) { try await connection.access { _ = $0 } }
            await connection.close()
            let other = try await checkThrows(.invalidInput) {
                _ = try await PostgresSetup(address).plan(StoreNeeds(outbox: nil, views: []))
            }
            for text in ["\(error)", "\(error.underlying ?? "")", "\(other)"] {
                for part in ["qxzv", "jwky", "jw/ky"] { #expect(!text.contains(part), "\(text)") }
            }
            return error
        }

        @Test(arguments: misplaced)
        func passwordsThatNeedEncodingAreToldAndNotShown(url: String) async throws {
            let error = try await refusal(url)
            #expect(error.remedy?.contains("percent-encode special characters in user and password") == true)
        }

        @Test(arguments: invalid)
        func valuesOfOptionsAreNotShown(url: String, option: String) async throws {
            let error = try await refusal(url)
            #expect(error.message.contains("\(option) is not valid"), "\(error)")
        }

        @Test(arguments: unreadable)
        func urlsThatCannotBeReadAreNotShown(url: String) async throws {
            _ = try await refusal(url)
        }

        /// What libpq takes goes on to be taken.
        @Test func passwordsAsParametersAndEncodedOnesWork() async throws {
            let server = try await PrivatePostgres.shared()
            let plain = server.tcpURL("postgres")
            let path = plain.drop { $0 != "@" }
            for url in [
                plain, "\(plain)&password=topp@secretss", "postgres://flotilla:a%40b%2Fc%3Fd%23e\(path)",
                server.url("postgres", parameters: "password=a@b/c#d"),
            ] {
                let connection = PostgresConnection(PostgresAddress(url: url, name: "the store"))
                try await connection.access { _ = try $0.query("SELECT 1") }
                await connection.close()
            }
        }
    }
#endif
