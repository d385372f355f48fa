import Stores
import TestKit

extension StoreConformance {
    static let valueChecks: [Check] = [
        Check("integers round trip, to the ends of their range") { suite in
            try await suite.roundTrip(
                "BIGINT", [0, 1, -1, .integer(.max), .integer(.min), 4_294_967_296].map { ($0, $0) })
        },
        Check("real numbers round trip") { suite in
            let numbers = [
                0.5, -0.1, .greatestFiniteMagnitude, .leastNormalMagnitude, .leastNonzeroMagnitude, .infinity,
                -.infinity, .pi,
                1e300,
            ]
            let kept = numbers.map { (SQLValue.real($0), SQLValue.real($0)) }
            try await suite.roundTrip(suite.features.realType, kept)
            if !suite.features.keepsNaN { try await suite.roundTrip(suite.features.realType, [(.real(.nan), .null)]) }
        },
        Check("text round trips") { suite in
            let texts = [
                "", " ", "a", "Grüße, 世界, 👩🏽‍🚀", "e\u{301}", "\u{E9}", "'; DROP TABLE x; --", "$1", "\\", "\r\n\t",
                "\u{FEFF}x",
                "\u{10FFFF}", "null", "0012", "1e5",
            ]
            try await suite.roundTrip(suite.features.textType, texts.map { (.text($0), .text($0)) })
        },
        Check("U+0000 in text round trips") { suite in
            guard suite.features.keepsNULInText else { return }
            let texts = ["\0", "a\0b", "a\0", "\0a"]
            try await suite.roundTrip(suite.features.textType, texts.map { (.text($0), .text($0)) })
        },
        Check("bytes round trip, also none, zeros and what is no UTF-8") { suite in
            let values: [[UInt8]] = [[], [0], [0, 0, 0], Array(0...255), [0xFF, 0xFE], Array("text".utf8)]
            try await suite.roundTrip(suite.features.bytesType, values.map { (.bytes($0), .bytes($0)) })
        },
        Check("empty is not null") { suite in
            try await suite.roundTrip(suite.features.textType, [("", ""), (nil, nil)])
            try await suite.roundTrip(suite.features.bytesType, [(.bytes([]), .bytes([])), (nil, nil)])
        },
        Check("booleans round trip, as what the store has for them") { suite in
            let kept = suite.features.keepsBooleans
            try await suite.roundTrip("BOOLEAN", [(true, kept ? true : 1), (false, kept ? false : 0)])
        },
        Check("payloads of 4 MiB round trip") { suite in
            var random = RandomSource(for: "payloads of 4 MiB")
            var bytes: [UInt8] = []
            bytes.reserveCapacity(4 << 20)
            while bytes.count < 4 << 20 { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
            let text = String(repeating: "0123456789abcdef", count: 4 << 16)
            try await suite.roundTrip(suite.features.bytesType, [(.bytes(bytes), .bytes(bytes))])
            try await suite.roundTrip(suite.features.textType, [(.text(text), .text(text))])
        },
        Check("the last of a value is not left behind for the next") { suite in
            try await suite.withItems { store in
                try await store.write { transaction in
                    let insert = try transaction.prepare("INSERT INTO items VALUES ($1, $2)")
                    try insert.run([1, "a long text that is there first"])
                    try insert.run([2, nil])
                    try insert.run([3, "b"])
                    let rows = try transaction.rows("SELECT name FROM items ORDER BY id").map { $0[0] }
                    try checkEqual(rows, ["a long text that is there first", nil, "b"])
                }
            }
        },
    ]

    /// Writes values in one transaction, and reads them in another.
    private func roundTrip(_ type: String, _ values: [(SQLValue, SQLValue)]) async throws {
        try await withStore { store in
            try await store.write { transaction in
                try transaction.script("CREATE TABLE kept (place BIGINT, value \(type))")
                let insert = try transaction.prepare("INSERT INTO kept VALUES ($1, $2)")
                for (place, value) in values.enumerated() { try insert.run([.integer(Int64(place)), value.0]) }
            }
            let found = try await store.write { transaction in
                let rows = try transaction.rows("SELECT value FROM kept ORDER BY place").map { $0[0] }
                try transaction.script("DROP TABLE kept")
                return rows
            }
            try checkEqual(found.count, values.count)
            for (found, value) in zip(found, values) { try checkEqual(found, value.1, "as \(type)") }
        }
    }
}
