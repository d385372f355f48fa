#if Postgres
    /// What may be shown of a statement's text.
    ///
    /// `pg_stat_statements` puts `$1` in the place of constants, but not of all: not in commands as
    /// `CREATE ROLE … PASSWORD`, and not where it forgot a statement while it ran. So commands are not shown at all, and of
    /// all others no constant and no comment.
    enum StatementText {
        /// So many characters of a text are read.
        static let longestRead = 4096
        /// So many are shown.
        static let longest = 400

        /// What reads and writes rows; everything else is a command.
        private static let verbs: Set<String> = [
            "select", "insert", "update", "delete", "merge", "with", "values", "table",
        ]

        /// What is told of a statement.
        struct Told: Sendable {
            let shown: String
            let pattern: String

            /// - Returns: `nil` for what is not shown.
            init?(_ text: String) {
                guard let shown = StatementText.shown(text) else { return nil }
                self.shown = shown
                pattern = StatementText.pattern(of: text)
            }
        }

        /// - Returns: `nil` for what is not shown.
        static func shown(_ text: String) -> String? {
            var reader = Reader(bytes: Array(text.utf8))
            let plain = reader.withoutConstants()
            let verb = plain.drop { $0 == "(" || $0 == " " }.prefix { $0.isLetter }.lowercased()
            guard verbs.contains(verb) else { return nil }
            return plain.count > longest ? "\(plain.prefix(longest))…" : plain
        }

        /// The same of all texts that differ in nothing but constants and parameters, which `pg_stat_statements` takes for one
        /// another: so that a statement of ours is recognised.
        static func pattern(of text: String) -> String {
            var reader = Reader(bytes: Array(text.utf8.prefix(longestRead)), keepsParameters: false)
            return reader.withoutConstants()
        }

        /// Goes through a text once, and takes an end for the end of whatever has not ended.
        private struct Reader {
            let bytes: [UInt8]
            private var place = 0
            private var out: [UInt8] = []
            private let keepsParameters: Bool

            init(bytes: [UInt8], keepsParameters: Bool = true) {
                self.bytes = bytes
                self.keepsParameters = keepsParameters
            }

            private func byte(_ offset: Int = 0) -> UInt8 { place + offset < bytes.count ? bytes[place + offset] : 0 }
            private func isAt(_ text: String) -> Bool { bytes[place...].starts(with: text.utf8) }
            private static func isWord(_ byte: UInt8) -> Bool {
                byte >= 0x80 || byte == UInt8(ascii: "_") || isDigit(byte) || (0x61...0x7A).contains(byte | 0x20)
            }
            private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

            mutating func withoutConstants() -> String {
                while place < bytes.count { step() }
                while out.last == UInt8(ascii: " ") { out.removeLast() }
                return String(decoding: out, as: UTF8.self)
            }

            private mutating func blank() {
                if let last = out.last, last != UInt8(ascii: " ") { out.append(UInt8(ascii: " ")) }
            }

            private mutating func step() {
                let here = byte()
                if here <= 0x20 {
                    place += 1
                    return blank()
                }
                if isAt("--") {
                    while place < bytes.count, byte() != UInt8(ascii: "\n") { place += 1 }
                    return blank()
                }
                if isAt("/*") { return comment() }
                switch here {
                case UInt8(ascii: "'"): string(escapes: false)
                case UInt8(ascii: "\""): name()
                case UInt8(ascii: "$") where !dollar(): copy()
                case UInt8(ascii: "$"): break
                case _ where Self.isDigit(here): number()
                case UInt8(ascii: ".") where Self.isDigit(byte(1)): number()
                case _ where Self.isWord(here): word()
                default: copy()
                }
            }

            private mutating func copy() {
                out.append(byte())
                place += 1
            }

            private mutating func constant() { out.append(UInt8(ascii: "?")) }

            /// Comments nest.
            private mutating func comment() {
                var depth = 0
                repeat {
                    if isAt("/*") {
                        (depth, place) = (depth + 1, place + 2)
                    } else if isAt("*/") {
                        (depth, place) = (depth - 1, place + 2)
                    } else {
                        place += 1
                    }
                } while depth > 0 && place < bytes.count
                blank()
            }

            private mutating func string(escapes: Bool) {
                place += 1
                while place < bytes.count {
                    if escapes, byte() == UInt8(ascii: "\\") {
                        place += 2
                    } else if byte() == UInt8(ascii: "'") {
                        place += 1
                        if byte() != UInt8(ascii: "'") { break }
                        place += 1
                    } else {
                        place += 1
                    }
                }
                constant()
            }

            private mutating func name() {
                repeat { copy() } while place < bytes.count && byte() != UInt8(ascii: "\"")
                if place < bytes.count { copy() }
            }

            /// A parameter; a text between dollars is a constant.
            private mutating func dollar() -> Bool {
                if Self.isDigit(byte(1)) {
                    let start = out.count
                    repeat { copy() } while Self.isDigit(byte())
                    if !keepsParameters {
                        out.removeLast(out.count - start)
                        constant()
                    }
                    return true
                }
                var end = place + 1
                while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
                guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else { return false }
                let mark = bytes[place...end]
                place = end + 1
                while place < bytes.count, !bytes[place...].starts(with: mark) { place += 1 }
                place = min(bytes.count, place + mark.count)
                constant()
                return true
            }

            /// `12`, `0x1F`, `1_000`, `.5e-3`.
            private mutating func number() {
                while place < bytes.count {
                    let isExponent = byte() | 0x20 == UInt8(ascii: "e")
                    if Self.isWord(byte()) || byte() == UInt8(ascii: ".") {
                        place += 1
                        if isExponent, byte() == UInt8(ascii: "-") || byte() == UInt8(ascii: "+") { place += 1 }
                    } else {
                        break
                    }
                }
                constant()
            }

            /// A name or a word of SQL; `E'…'` and its like are texts.
            private mutating func word() {
                let start = place
                while place < bytes.count, Self.isWord(byte()) || byte() == UInt8(ascii: "$") { place += 1 }
                let word = bytes[start..<place]
                let prefix = word.count == 1 ? word[start] | 0x20 : 0
                if byte() == UInt8(ascii: "'"), "ebxn".utf8.contains(prefix) {
                    return string(escapes: prefix == UInt8(ascii: "e"))
                }
                if prefix == UInt8(ascii: "u"), byte() == UInt8(ascii: "&"), byte(1) == UInt8(ascii: "'") {
                    place += 1
                    return string(escapes: false)
                }
                out += word
            }
        }
    }
#endif
