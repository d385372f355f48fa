#if Postgres
    import FleetCore
    import Stores

    /// The parameters of one execution, as libpq takes them: all in one buffer.
    ///
    /// Types are left to the server, which infers them from the statement: so text goes where a column of any type is.
    struct PostgresParameters {
        private var buffer: [UInt8] = []
        /// Where each begins in the buffer; -1 for null.
        private var offsets: [Int] = []
        private var lengths: [Int32] = []
        private var formats: [Int32] = []

        /// - Throws: `statement` for text that PostgreSQL cannot hold.
        init(_ values: [SQLValue], name: String) throws {
            for value in values { try append(value, name) }
        }

        private mutating func append(_ value: SQLValue, _ name: String) throws {
            switch value {
            case .null: append(at: -1, binary: false)
            case .boolean(let value): append(text: (value ? "true" : "false").utf8)
            case .integer(let value): append(text: String(value).utf8)
            case .real(let value): append(text: "\(value)".utf8)
            case .text(let value):
                guard !value.utf8.contains(0) else {
                    throw FleetError(
                        .statement, "\(name): a text holds U+0000, which PostgreSQL cannot store",
                        remedy: "store it as bytea, or leave the character out")
                }
                append(text: value.utf8)
            case .bytes(let value): append(bytes: value)
            case .id(let value): append(bytes: value.bytes)
            }
        }

        private mutating func append(bytes: [UInt8]) {
            append(at: buffer.count, binary: true)
            buffer.append(contentsOf: bytes)
            lengths[lengths.count - 1] = Int32(bytes.count)
        }

        private mutating func append(text: some Sequence<UInt8>) {
            append(at: buffer.count, binary: false)
            buffer.append(contentsOf: text)
            buffer.append(0)
        }

        private mutating func append(at offset: Int, binary: Bool) {
            offsets.append(offset)
            lengths.append(0)
            formats.append(binary ? 1 : 0)
        }

        func withPointers<Result>(
            _ body: (Int32, [UnsafePointer<CChar>?], [Int32], [Int32]) -> Result
        ) -> Result {
            // An empty value needs an address that is not null.
            let storage = buffer.isEmpty ? [0] : buffer
            return storage.withUnsafeBytes { bytes in
                let base = bytes.assumingMemoryBound(to: CChar.self).baseAddress
                let pointers: [UnsafePointer<CChar>?] = offsets.map { offset in
                    offset < 0 ? nil : base?.advanced(by: min(offset, storage.count - 1))
                }
                return body(Int32(offsets.count), pointers, lengths, formats)
            }
        }
    }
#endif
