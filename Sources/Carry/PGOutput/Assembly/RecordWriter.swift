/// Writes one record to where it is kept, without a copy in between.
public struct RecordWriter: ~Copyable {
    /// The entries before, the place for this one's header, and the record.
    var bytes: [UInt8]
    private let start: Int

    init(behind entries: consuming [UInt8]) {
        start = entries.count + SpoolEntry.headerCount
        bytes = consume entries
        bytes.append(contentsOf: repeatElement(0, count: SpoolEntry.headerCount))
    }

    /// How many bytes the record has so far.
    public var count: Int { bytes.count - start }

    public mutating func append(_ part: RawSpan) {
        part.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    public mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// Appends a number, its highest byte first.
    public mutating func append(bigEndian number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ entry: SpoolEntry) {
        let place = start - SpoolEntry.headerCount
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: entry.header, toByteOffset: place, as: SpoolEntry.Header.self)
        }
    }

    /// Takes the record back, and its header's place.
    mutating func undo() {
        bytes.removeLast(bytes.count - start + SpoolEntry.headerCount)
    }
}
