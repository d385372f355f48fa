#if Postgres
    import CLibPQ
    import Stores

    /// What a statement gave: owns libpq's memory of it.
    public final class PostgresResult {
        let handle: OpaquePointer

        init(_ handle: OpaquePointer) { self.handle = handle }

        deinit { PQclear(handle) }

        /// Whether the server streams from here on, in both directions.
        public var isCopyBoth: Bool { PQresultStatus(handle) == PGRES_COPY_BOTH }
        public var rowCount: Int { Int(PQntuples(handle)) }
        public var columnCount: Int { Int(PQnfields(handle)) }

        /// How many rows the statement inserted, changed or deleted.
        var changes: Int {
            guard let command = PQcmdStatus(handle), let count = PQcmdTuples(handle) else { return 0 }
            // A query tells how many rows it gave; it changed none.
            return String(cString: command).hasPrefix("SELECT") ? 0 : Int(String(cString: count)) ?? 0
        }

        var columns: [String] {
            (0..<Int32(columnCount)).map { PQfname(handle, $0).map { String(cString: $0) } ?? "" }
        }

        public func isNull(_ row: Int, _ column: Int) -> Bool {
            PQgetisnull(handle, Int32(row), Int32(column)) == 1
        }

        /// The bytes of a value as the server wrote it, lent for the length of `body`; none for null.
        public func withBytes<Result>(
            _ row: Int, _ column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
        ) rethrows -> Result {
            let count = Int(PQgetlength(handle, Int32(row), Int32(column)))
            guard let start = PQgetvalue(handle, Int32(row), Int32(column)) else {
                return try body(UnsafeBufferPointer(start: nil, count: 0))
            }
            return try start.withMemoryRebound(to: UInt8.self, capacity: count) {
                try body(UnsafeBufferPointer(start: $0, count: count))
            }
        }

        /// How many bytes a value has as the server wrote it.
        public func length(_ row: Int, _ column: Int) -> Int { Int(PQgetlength(handle, Int32(row), Int32(column))) }

        /// The bytes of a row as the server wrote it.
        public func size(_ row: Int) -> Int {
            (0..<PQnfields(handle)).reduce(0) { $0 + Int(PQgetlength(handle, Int32(row), $1)) }
        }

        /// https://www.postgresql.org/docs/current/errcodes-appendix.html
        var sqlState: String? {
            PQresultErrorField(handle, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        }

        public func text(_ row: Int, _ column: Int) -> String {
            withBytes(row, column) { String(decoding: $0, as: UTF8.self) }
        }

        /// The type of a column, by its number in `pg_type`.
        public func type(_ column: Int) -> UInt32 { PQftype(handle, Int32(column)) }

        func value(_ row: Int, _ column: Int) -> SQLValue {
            if isNull(row, column) { return .null }
            switch type(column) {
            case PostgresType.boolean: return .boolean(withBytes(row, column) { $0.first == UInt8(ascii: "t") })
            case PostgresType.int2, PostgresType.int4, PostgresType.int8, PostgresType.oid:
                return Int64(text(row, column)).map { .integer($0) } ?? .text(text(row, column))
            case PostgresType.float4, PostgresType.float8:
                return Self.real(text(row, column)).map { .real($0) } ?? .text(text(row, column))
            case PostgresType.bytea: return .bytes(withBytes(row, column) { PostgresBytes.decoded($0) })
            default: return .text(text(row, column))
            }
        }

        private static func real(_ text: String) -> Double? {
            switch text {
            case "Infinity": .infinity
            case "-Infinity": -.infinity
            case "NaN": .nan
            default: Double(text)
            }
        }
    }

    /// Types by their numbers in `pg_type`, which are the same on every server.
    public enum PostgresType {
        public static let boolean: UInt32 = 16
        public static let bytea: UInt32 = 17
        public static let int8: UInt32 = 20
        public static let int2: UInt32 = 21
        public static let int4: UInt32 = 23
        public static let text: UInt32 = 25
        public static let oid: UInt32 = 26
        public static let json: UInt32 = 114
        public static let float4: UInt32 = 700
        public static let float8: UInt32 = 701
        public static let varchar: UInt32 = 1043
        public static let timestamp: UInt32 = 1114
        public static let timestamptz: UInt32 = 1184
        public static let uuid: UInt32 = 2950
        public static let jsonb: UInt32 = 3802
    }

    /// `bytea` as PostgreSQL writes it with `bytea_output = hex`.
    public enum PostgresBytes {
        /// The bytes of `\x…`; what is not written so, as it stands.
        public static func decoded(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
            guard text.count >= 2, text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x") else {
                return Array(text)
            }
            let count = (text.count - 2) / 2
            return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                for index in 0..<count {
                    buffer[index] = nibble(text[2 + 2 * index]) << 4 | nibble(text[3 + 2 * index])
                }
                initialized = count
            }
        }

        private static func nibble(_ digit: UInt8) -> UInt8 {
            // '0'…'9' are 0x30…, 'a'…'f' 0x61…: letters have bit 6 set.
            (digit & 0x0F) &+ (digit >> 6) &* 9
        }
    }
#endif
