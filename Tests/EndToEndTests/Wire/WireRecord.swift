import Foundation

/// A line of `flotilla events`, or a record of a fixture.
struct WireRecord: Decodable, Equatable {
    struct Header: Decodable, Equatable {
        var name: String
        var value: String
    }

    var position: Int64
    var topic: String
    var key: String?
    var headers: [Header]
    var value: String?
    var encoding: String?
    var objection: String?

    static func all(in output: String) throws -> [WireRecord] {
        // A line that is being written is not there yet.
        let whole = output.utf8.lastIndex(of: UInt8(ascii: "\n")).map { output[...$0] } ?? ""
        return try whole.utf8.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(WireRecord.self, from: Data($0))
        }
    }
}
