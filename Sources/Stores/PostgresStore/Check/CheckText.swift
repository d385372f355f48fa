#if Postgres
    import PostgresConnection
    import SQLTemplate

    /// What is read out of SQL without the server's help.
    enum CheckText {
        /// The statements of a script, as far as they can be told apart: bodies of functions that are not quoted cannot.
        static func statements(of script: String) -> [(sql: String, byteOffset: Int)] {
            guard let template = try? SQLTemplate(script, dialect: .postgresql) else { return [] }
            return template.statements.map { ($0.sql, $0.byteOffset) }
        }

        /// Where what a message names first stands in a text, for a fault that the server tells no place of.
        static func place(of fault: PostgresFault, in sql: String, from start: Int) -> Int {
            let bytes = Array(sql.utf8)
            let words = [
                fault.message.firstMatch(of: /\$[0-9]+/).map { String($0.output) }, quotedName(in: fault.message),
                fault.sqlState == "42P10" ? "conflict" : nil,
            ]
            for case let word? in words {
                let word = Array(word.lowercased().utf8)
                var at = start
                while at + word.count <= bytes.count {
                    let end = at + word.count
                    let isWord =
                        !(at > 0 && isNamePart(bytes[at - 1])) && !(end < bytes.count && isNamePart(bytes[end]))
                    if isWord, bytes[at..<end].elementsEqual(word, by: { lowercased($0) == $1 }) { return at }
                    at += 1
                }
            }
            return start
        }

        /// The name that a message quotes first.
        static func quotedName(in message: String) -> String? {
            message.firstMatch(of: /"([^"]+)"/).flatMap { name(in: String($0.1), at: 0) }
        }

        /// The name that stands at a place, as the server keeps it: without quotes and schema, in lower case where it is
        /// not quoted.
        static func name(in sql: String, at byteOffset: Int) -> String? {
            var rest = Array(sql.utf8.dropFirst(byteOffset))[...]
            var name: String?
            while let part = takePart(&rest) {
                name = part
                guard rest.first == UInt8(ascii: ".") else { break }
                rest.removeFirst()
            }
            return name
        }

        /// A quoted name as it is.
        static func unquoted(_ name: String) -> String { self.name(in: name, at: 0) ?? name }

        private static func isNamePart(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...0xFF: true
            default: false
            }
        }

        private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

        private static func takePart(_ rest: inout ArraySlice<UInt8>) -> String? {
            let quote = UInt8(ascii: "\"")
            guard rest.first == quote else {
                let part = rest.prefix(while: isNamePart)
                rest = rest.dropFirst(part.count)
                return part.isEmpty ? nil : String(decoding: part, as: UTF8.self).lowercased()
            }
            rest.removeFirst()
            var part: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == quote {
                    guard rest.first == quote else { return String(decoding: part, as: UTF8.self) }
                    rest.removeFirst()
                }
                part.append(byte)
            }
            return nil
        }
    }
#endif
