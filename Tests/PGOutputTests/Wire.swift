import PGOutput

/// Messages as a server writes them, for the tables of ``Golden``.
enum Wire {
    static func begin(_ id: UInt32, commit: UInt64) -> [UInt8] {
        hex("42") + big(commit) + big(Int64(1)) + big(id)
    }

    static func commit(_ commit: UInt64) -> [UInt8] {
        hex("43 00") + big(commit) + big(commit + 8) + big(Int64(1))
    }

    /// A row of the table 16385, of which the tests keep records; or of 16386, of which they do not.
    static func insert(_ value: String, in id: UInt32? = nil, isKept: Bool = true) -> [UInt8] {
        let text = hex("74") + big(UInt32(value.utf8.count)) + Array(value.utf8)
        let columns = isKept ? hex("4E 0002") + text + hex("6E") : hex("4E 0003") + text + hex("6E 6E")
        return hex("49") + (id.map { big($0) } ?? []) + hex(isKept ? "00004001" : "00004002") + columns
    }

    static func message(_ value: String, in id: UInt32? = nil, isTransactional: Bool) -> [UInt8] {
        hex("4D") + (id.map { big($0) } ?? []) + [isTransactional ? 1 : 0] + big(UInt64(1)) + hex(text("t"))
            + big(UInt32(value.utf8.count)) + Array(value.utf8)
    }

    static func streamStart(_ id: UInt32, isFirst: Bool) -> [UInt8] { hex("53") + big(id) + [isFirst ? 1 : 0] }
    static let streamStop = hex("45")
    static func streamAbort(_ aborted: UInt32, of id: UInt32) -> [UInt8] { hex("41") + big(id) + big(aborted) }

    static func streamCommit(_ id: UInt32, commit: UInt64) -> [UInt8] {
        hex("63") + big(id) + hex("00") + big(commit) + big(commit + 8) + big(Int64(1))
    }

    /// A piece of a transaction: values, each with the (sub-)transaction that wrote it.
    static func piece(of id: UInt32, isFirst: Bool = false, _ values: [(UInt32, String)]) -> [[UInt8]] {
        [streamStart(id, isFirst: isFirst)] + values.map { insert($0.1, in: $0.0) } + [streamStop]
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
