import Foundation

/// What Debezium sent in one configuration (`Benchmarks/peers/README.md` says how it was recorded).
struct Fixture: Decodable {
    /// Bytes: a text where they are UTF-8, otherwise base64; `nil` for none.
    struct Bytes: Decodable {
        var bytes: [UInt8]?
        /// What differs from run to run is not kept.
        var varies = false

        private enum Keys: String, CodingKey { case base64, varies }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                bytes = Array(text.utf8)
            } else if let object = try? decoder.container(keyedBy: Keys.self) {
                bytes = try object.decodeIfPresent(String.self, forKey: .base64).flatMap { Data(base64Encoded: $0) }
                    .map { Array($0) }
                varies = object.contains(.varies)
            }
        }

        var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
    }

    struct Header: Decodable {
        var name: String
        var value: Bytes
    }

    struct Record: Decodable {
        var topic: String
        var key: Bytes
        var headers: [Header]
        var value: Bytes
    }

    var name: String
    var connector: [String: String]
    var converters: [String: String]
    var records: [Record]
    var error: String?

    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures/debezium")

    static var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: directory.path)
                .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
        }
    }

    init(named name: String) throws {
        let data = try Data(contentsOf: Self.directory.appendingPathComponent("\(name).json"))
        self = try JSONDecoder().decode(Fixture.self, from: data)
    }
}
