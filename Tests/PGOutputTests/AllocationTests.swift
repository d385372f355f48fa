import CAllocations
import PGOutput
import Testing

/// A row costs no allocation that the caller does not ask for.
@Suite struct AllocationTests {
    private static let rows: [[UInt8]] = Golden.all
        .filter { $0.version == .one && [.insert, .update, .delete, .logicalMessage].contains($0.kind) }
        .map(\.bytes)

    @Test func decodingRowsDoesNotAllocate() throws {
        var decoder = try decoder()
        let rows = Self.rows
        #expect(rows.count == 9)
        var bytes = 0
        func pass() throws {
            // By index: the iterator of an array allocates in a debug build.
            for row in 0..<rows.count {
                _ = try decoder.decode(rows[row])
                for index in 0..<decoder.newColumns.count { bytes += decoder.newColumns[index].bytes.range.count }
                for index in 0..<decoder.oldColumns.count { bytes += decoder.oldColumns[index].bytes.range.count }
            }
        }
        try pass()
        let expected = 1_000 * bytes
        bytes = 0
        let before = flotilla_allocations()
        for _ in 0..<1_000 { try pass() }
        let counted = flotilla_allocations() - before
        #expect(bytes == expected && expected > 0)
        #expect(counted == 0)
        if before < 0 { print("AllocationTests: allocations cannot be counted here") }
    }

    /// The measure works: whoever keeps the values of each row pays for each.
    @Test func keepingRowsDoes() throws {
        var decoder = try decoder()
        let insert = hex("49 | 00004001 | 4E 0002 | 74 00000003 313233 | 6E")
        var kept: [ColumnValue] = []
        let before = flotilla_allocations()
        for _ in 0..<1_000 {
            _ = try decoder.decode(insert)
            kept = decoder.newColumns
        }
        let counted = flotilla_allocations() - before
        #expect(kept.count == 2)
        #expect(before < 0 || counted >= 999)
    }

    private func decoder() throws -> PGOutputDecoder {
        var decoder = PGOutputDecoder(version: .one)
        _ = try decoder.decode(Golden.outbox)
        _ = try decoder.decode(Golden.wide)
        return decoder
    }
}
