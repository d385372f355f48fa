import Foundation

/// Rows, and what Debezium's outbox event router sent for them (`Benchmarks/peers/README.md`).
struct RouterFixture: Decodable {
    struct Value: Decodable, Equatable, CustomStringConvertible {
        var bytes: [UInt8]?

        init(bytes: [UInt8]?) { self.bytes = bytes }

        var description: String { bytes.map { String(decoding: $0, as: UTF8.self).debugDescription } ?? "none" }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                bytes = Array(text.utf8)
            } else {
                let object = try? decoder.singleValueContainer().decode([String: String].self)
                bytes = object?["base64"].flatMap { Data(base64Encoded: $0) }.map { Array($0) }
            }
        }
    }

    struct Record: Decodable, Equatable {
        struct Header: Decodable, Equatable {
            var name: String
            var value: Value
        }

        var topic: String
        var key: Value
        var headers: [Header]
        var value: Value
    }

    var setup: [String]
    var sql: [String]
    private var records: [Record]

    /// - Parameter name: a configuration of the router that has our form (`WireTests/DebeziumTests` says which have).
    init(_ name: String) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Fixtures/debezium/\(name).json")
        self = try JSONDecoder().decode(RouterFixture.self, from: Data(contentsOf: file))
    }

    /// What the router sent, without what is not its own or not an insert: headers of the connector's run, and a row that an
    /// update of its key made anew.
    var expected: [Record] {
        records.filter { !$0.headers.contains { $0.name == "__debezium.oldkey" } }.map { record in
            var record = record
            record.headers.removeAll { $0.name.hasPrefix("__debezium.") }
            return record
        }
    }
}

extension RouterFixture.Record {
    /// A line of `flotilla events`.
    init(_ record: WireRecord) {
        topic = record.topic
        key = .init(bytes: record.key.map { Array($0.utf8) })
        headers = record.headers.map { .init(name: $0.name, value: .init(bytes: Array($0.value.utf8))) }
        value = .init(
            bytes: record.encoding == nil
                ? record.value.map { Array($0.utf8) }
                : record.value.flatMap { Data(base64Encoded: $0) }.map { Array($0) })
    }
}
