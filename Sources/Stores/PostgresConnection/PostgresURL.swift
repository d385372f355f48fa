#if Postgres
    import CLibPQ
    import FleetCore

    extension PostgresAddress {
        /// What a URL says to libpq, by libpq's names of its options; empty where libpq cannot read it. It may hold a password.
        public static func options(of url: String) -> [String: String] {
            let options = PQconninfoParse(url, nil)
            defer { PQconninfoFree(options) }
            var settings: [String: String] = [:]
            var option = options
            while let known = option?.pointee, let keyword = known.keyword {
                if let value = known.val { settings[String(cString: keyword)] = String(cString: value) }
                option = option?.advanced(by: 1)
            }
            return settings
        }

        /// The server and the database that a URL names: two that name one in the same way have the same.
        public static func database(of url: String) -> [String] {
            let options = options(of: url)
            return [
                options["service"] ?? "", options["host"] ?? options["hostaddr"] ?? "", options["port"] ?? "5432",
                options["dbname"] ?? options["user"] ?? "",
            ]
        }

        /// The servers that a URL names by host and port, and that TLS is tried with; none for Unix sockets, and for what service
        /// files and the environment say.
        public static func servers(of url: String) -> [(host: String, port: Int)] {
            let options = options(of: url)
            guard options["sslmode"] != "disable", let hosts = options["host"] ?? options["hostaddr"] else { return [] }
            let ports = (options["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            return hosts.split(separator: ",", omittingEmptySubsequences: false).enumerated().compactMap {
                number, host in
                guard !host.isEmpty, !host.hasPrefix("/"), !host.hasPrefix("@") else { return nil }
                let port = ports.count > number ? ports[number] : ports.count == 1 ? ports[0] : nil
                return (String(host), port ?? 5432)
            }
        }
    }

    /// Looks at an address before libpq does, which quotes what it cannot use: with a character in the password that a URL
    /// gives a meaning, a part of the password would be taken for a host, a port or a database, and be shown.
    enum PostgresURL {
        /// - Throws: `invalidInput` for an address that libpq cannot read, or would read otherwise than it is meant, without
        ///   repeating what may be a secret.
        static func check(_ url: String, name: String) throws {
            guard !mayMisplaceSecrets(url) else {
                throw FleetError(
                    .invalidInput, "\(name): the URL can be read in more than one way",
                    remedy:
                        "percent-encode special characters in user and password: @ is %40, / is %2F, ? is %3F, # is %23"
                )
            }
            var message: UnsafeMutablePointer<CChar>?
            let options = PQconninfoParse(url, &message)
            defer {
                PQconninfoFree(options)
                PQfreemem(message)
            }
            if options == nil {
                throw FleetError(
                    .invalidInput, "\(name): the URL cannot be read",
                    remedy: "write postgres://USER@HOST:PORT/DATABASE, with parameters of libpq after a question mark,"
                        + " and special characters percent-encoded")
            }
        }

        /// What libpq is told of an address that was checked: the URL, or, where somebody else comes in than it names, all of it
        /// but user and password, which are nobody else's business.
        static func settings(of address: PostgresAddress) -> [(String, String)] {
            guard let login = address.login else { return [("dbname", address.url)] }
            var settings = PostgresAddress.options(of: address.url).filter { !["user", "password"].contains($0.key) }
            settings["user"] = login.role
            settings["password"] = login.password
            return settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        /// Whether user or password may hold a character that ends them: there is more than one `@` before the parameters,
        /// one behind a `/`, or one behind a `?` or `#` where no path has begun.
        private static func mayMisplaceSecrets(_ url: String) -> Bool {
            guard let start = url.firstRange(of: "://")?.upperBound else { return false }
            let rest = url[start...].utf8
            let (at, slash) = (UInt8(ascii: "@"), UInt8(ascii: "/"))
            // libpq looks for the end of user and password up to the first slash, whatever stands before.
            let beforePath = rest.prefix { $0 != slash }
            let place = beforePath.lastIndex(of: at).map { beforePath.index(after: $0) } ?? rest.startIndex
            let user = rest[..<place].dropLast()
            if user.contains(where: { [at, UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) }) {
                // `h?password=a@b` is no user, and yet is taken for one.
                return true
            }
            return rest[place...].prefix { $0 != UInt8(ascii: "?") }.contains { $0 == at || $0 == UInt8(ascii: "#") }
        }

        /// Which option libpq cannot use, where that is what it complains of (empty where it does not tell); never the value,
        /// which it quotes and which may be a part of a secret.
        static func invalidOption(in message: String) -> String? {
            // connection to server at "…" failed: invalid integer value "…" for connection option "keepalives"
            let marks = message.ranges(of: "for connection option \"")
            if let mark = marks.last { return known(message[mark.upperBound...].prefix { $0 != "\"" }) }
            // invalid sslmode value: "…"
            if message.hasPrefix("invalid ") {
                return known(message.split(separator: " ").dropFirst().first ?? "")
            }
            return beginnings.first { message.hasPrefix($0.text) }?.option
        }

        /// Other complaints about options.
        private static let beginnings = [
            (text: "could not match ", option: "host"), (text: "could not parse network address ", option: "hostaddr"),
            (text: "definition of service ", option: "service"),
        ]

        /// A name of an option of libpq; empty for anything else.
        private static func known(_ word: Substring) -> String {
            let options = PQconndefaults()
            defer { PQconninfoFree(options) }
            var option = options
            while let keyword = option?.pointee.keyword {
                if String(cString: keyword) == word { return String(word) }
                option = option?.advanced(by: 1)
            }
            return ""
        }
    }
#endif
