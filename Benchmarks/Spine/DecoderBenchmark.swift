import FleetCore
import Foundation
import PGOutput

/// How fast one core decodes the rows that a PostgreSQL server sends, against walking over the same bytes; and how fast it
/// keeps those of a transaction in progress, and gives them back.
enum DecoderBenchmark {
    /// More than the caches close to a core hold.
    static let rows = 50_000
    static let passes = 100

    static func run(_ workspace: Workspace) async throws {
        let messages = Messages(count: rows)
        var decoder = PGOutputDecoder(version: .two)
        _ = try messages.relation.withUnsafeBytes { try decoder.decode($0.bytes) }
        _ = try decode(messages, with: &decoder)
        var walked: UInt64 = 0
        var found = 0
        let walking = await seconds { for _ in 0..<passes { walked = walk(messages, walked) } }
        let decoding = try await seconds { for _ in 0..<passes { found += try decode(messages, with: &decoder) } }
        guard found == messages.valueBytes * passes, walked != 0 else {
            throw FleetError(.bug, "the decoder found \(found) bytes, and \(messages.valueBytes * passes) were there")
        }
        let count = Double(rows * passes)
        print("rows of 5 columns, a payload of 282 bytes, \(messages.bytes.count / rows) bytes each")
        print("walking over their bytes:  \(Int(count / walking)) rows a second")
        print("decoding:                  \(Int(count / decoding)) rows a second (wanted: at least 5000000)")
        print("ratio: \(rounded(walking / decoding))")
        for (name, limit) in [("in memory", ByteCount.gibibytes(1)), ("past 4 MiB in a storage", .mebibytes(4))] {
            let assembling = try await seconds { try assemble(messages, memoryLimit: limit) }
            print("streamed, kept \(name), replayed:  \(Int(Double(rows * streamedPasses) / assembling)) rows a second")
        }
    }

    /// Pieces of one transaction.
    static let streamedPasses = 10

    /// Takes one large transaction in pieces, keeps all values of each row, and asks for them after its commit. The storage
    /// is memory: what a disk adds is not measured.
    @inline(never) private static func assemble(_ messages: Messages, memoryLimit: ByteCount) throws {
        var decoder = PGOutputDecoder(version: .two)
        var assembler = TransactionAssembler(storage: MemorySpoolStorage(), memoryLimit: memoryLimit)
        func take(_ bytes: [UInt8]) throws -> PGOutputMessage {
            try bytes.withUnsafeBytes { try decoder.decode($0.bytes) }
        }
        _ = try take(messages.relation)
        try messages.streamedBytes.withUnsafeBytes { buffer in
            for pass in 0..<streamedPasses {
                _ = try assembler.take(take(Messages.streamStart(isFirst: pass == 0)))
                for place in messages.streamedPlaces {
                    let bytes = UnsafeRawBufferPointer(rebasing: buffer[place]).bytes
                    _ = try assembler.take(decoder.decode(bytes))
                    let first = decoder.newColumns[0].bytes.range.lowerBound
                    try assembler.keep(bytes.extracting(first..<bytes.byteCount))
                }
                _ = try assembler.take(take(Messages.streamStop))
            }
        }
        _ = try assembler.take(take(Messages.streamCommit))
        var batch = ReplayBatch()
        var records = 0
        repeat {
            try assembler.nextBatch(.standard, into: &batch)
            records += batch.records.count
        } while !batch.isLast
        guard records == rows * streamedPasses else {
            throw FleetError(.bug, "the assembler gave back \(records) rows, and took \(rows * streamedPasses)")
        }
    }

    /// Decodes all messages, and looks at every value as a caller does.
    @inline(never) private static func decode(
        _ messages: Messages, with decoder: inout PGOutputDecoder
    ) throws -> Int {
        try messages.bytes.withUnsafeBytes { buffer in
            var found = 0
            for place in messages.places {
                let message = UnsafeRawBufferPointer(rebasing: buffer[place])
                guard case .insert(let row) = try decoder.decode(message.bytes), row.old == .nothing else { continue }
                for index in 0..<decoder.newColumns.count { found &+= Int(decoder.newColumns[index].bytes.count) }
            }
            return found
        }
    }

    @inline(never) private static func walk(_ messages: Messages, _ start: UInt64) -> UInt64 {
        // From a sum that differs each time: otherwise the compiler walks once for all passes.
        messages.bytes.withUnsafeBytes { buffer in
            var sum = start
            for place in messages.places {
                var offset = place.lowerBound
                while offset <= place.upperBound - 8 {
                    sum &+= buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    offset += 8
                }
                while offset < place.upperBound {
                    sum &+= UInt64(buffer[offset])
                    offset += 1
                }
            }
            return sum
        }
    }

    /// Inserts into an outbox, one behind the other, as a server would send them.
    private struct Messages {
        let relation: [UInt8]
        private(set) var bytes: [UInt8] = []
        private(set) var places: [Range<Int>] = []
        private(set) var valueBytes = 0
        /// The same, each with the number of a transaction in front.
        private(set) var streamedBytes: [UInt8] = []
        private(set) var streamedPlaces: [Range<Int>] = []

        static let transaction = big(UInt32(800))
        static func streamStart(isFirst: Bool) -> [UInt8] { [UInt8(ascii: "S")] + transaction + [isFirst ? 1 : 0] }
        static let streamStop = [UInt8(ascii: "E")]
        static let streamCommit =
            [UInt8(ascii: "c")] + transaction + [0] + big(UInt64(1)) + big(UInt64(2)) + big(UInt64(3))

        init(count: Int) {
            relation =
                [UInt8(ascii: "R")] + Messages.big(UInt32(16_385)) + Array("public\0outbox\0d".utf8)
                + Messages.big(UInt16(5))
                + ["id", "aggregatetype", "aggregateid", "type", "payload"].flatMap {
                    [0] + Array($0.utf8) + [0] + Messages.big(UInt32(25)) + Messages.big(UInt32.max)
                }
            for number in 0..<count {
                let start = bytes.count
                bytes.append(UInt8(ascii: "I"))
                bytes += Messages.big(UInt32(16_385)) + [UInt8(ascii: "N")] + Messages.big(UInt16(5))
                let id = "\(EventID(high: UInt64(number), low: 1 << 63))"
                for value in [id, "order", "O\(number % 1000)", "OrderPlaced", Rows.payload(number)] {
                    bytes.append(UInt8(ascii: "t"))
                    bytes += Messages.big(UInt32(value.utf8.count))
                    bytes += Array(value.utf8)
                    valueBytes += value.utf8.count
                }
                places.append(start..<bytes.count)
                let streamedStart = streamedBytes.count
                streamedBytes.append(bytes[start])
                streamedBytes += Messages.transaction + bytes[(start + 1)...]
                streamedPlaces.append(streamedStart..<streamedBytes.count)
            }
        }

        private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.bigEndian) { Array($0) }
        }
    }
}
