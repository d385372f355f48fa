/// Reads comma-separated values (RFC 4180): quoted fields may hold commas, quotes and line breaks.
enum CSV {
    /// The rows behind the header, by the header's names.
    static func rows(_ text: String) -> [[String: String]] {
        var records = records(text)
        guard !records.isEmpty else { return [] }
        let header = records.removeFirst()
        return records.map { Dictionary(zip(header, $0)) { first, _ in first } }
    }

    static func records(_ text: String) -> [[String]] {
        var records: [[String]] = []
        var record: [String] = []
        var field = String.UnicodeScalarView()
        var isQuoted = false
        var scalars = text.unicodeScalars.makeIterator()
        var pending: Unicode.Scalar?
        func endField() {
            record.append(String(field))
            field = String.UnicodeScalarView()
        }
        func endRecord() {
            endField()
            if record != [""] { records.append(record) }
            record = []
        }
        while let scalar = pending ?? scalars.next() {
            pending = nil
            switch scalar {
            case "\"" where isQuoted:
                // A doubled quote is one quote; a single one ends the field.
                pending = scalars.next()
                if pending == "\"" { field.append("\"") } else { isQuoted = false }
                if pending == "\"" { pending = nil }
            case _ where isQuoted: field.append(scalar)
            case "\"": isQuoted = true
            case ",": endField()
            case "\n": endRecord()
            case "\r": break
            default: field.append(scalar)
            }
        }
        endRecord()
        return records
    }
}
