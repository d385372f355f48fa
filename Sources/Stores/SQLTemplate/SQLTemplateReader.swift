/// Puts the pieces of a template together again, as statements.
struct SQLTemplateReader {
    private var scanner: SQLScanner
    private(set) var statements: [SQLTemplate.Statement] = []
    private var draft: Draft?

    /// The statement that is being read.
    private struct Draft {
        let byteOffset: Int
        var sql: [UInt8] = []
        /// Without the whitespace and comments that stand at the end for now.
        var end = 0
        var parameters: [EventParameter] = []
        var numbers: [EventParameter: Int] = [:]
        var replacements: [SQLTemplate.Replacement] = []

        mutating func add(_ parameter: EventParameter, _ source: Range<Int>) {
            let offset = sql.count
            // `LIMIT:key` would become one name, `LIMIT$1`, and `:key:id` one parameter.
            if let last = sql.last, SQLScanner.isNamePart(last) { sql.append(UInt8(ascii: " ")) }
            let number = numbers[parameter] ?? parameters.count + 1
            if numbers.updateValue(number, forKey: parameter) == nil { parameters.append(parameter) }
            sql += "$\(number)".utf8
            replacements.append(
                SQLTemplate.Replacement(
                    offset: offset, end: sql.count, sourceOffset: source.lowerBound, sourceEnd: source.upperBound))
        }
    }

    init(_ text: String, _ dialect: SQLDialect, _ subject: SQLTemplate.Subject) {
        scanner = SQLScanner(text, dialect, subject)
    }

    var problems: [SQLTemplateError.Problem] { scanner.problems }

    mutating func read() {
        if let zero = scanner.bytes.firstIndex(of: 0) {
            scanner.report(zero, "The text has a zero byte, where a database stops reading.", "Take it out.")
            return
        }
        while true {
            let start = scanner.position
            let token = scanner.next()
            switch token {
            case .space:
                draft?.sql += scanner.bytes[start..<scanner.position]
            case .semicolon:
                finish()
            case .word, .other, .parameter:
                add(token, start..<scanner.position)
            case .end:
                finish()
                if statements.isEmpty, problems.isEmpty {
                    scanner.report(0, "There is no statement here.", "Write at least one SQL statement.")
                }
                return
            }
        }
    }

    private mutating func add(_ token: SQLToken, _ range: Range<Int>) {
        var draft = self.draft ?? start(token, range)
        self.draft = nil
        if case .parameter(let parameter) = token {
            draft.add(parameter, range)
        } else {
            draft.sql += scanner.bytes[range]
        }
        draft.end = draft.sql.count
        self.draft = draft
    }

    private mutating func start(_ token: SQLToken, _ range: Range<Int>) -> Draft {
        let word = scanner.text(from: range.lowerBound, to: range.upperBound)
        if token == .word, let refusal = SQLStatementRule.refusal(ofFirstWord: word, scanner.dialect) {
            scanner.report(range.lowerBound, refusal.message, refusal.remedy)
        }
        return Draft(byteOffset: range.lowerBound)
    }

    private mutating func finish() {
        guard let draft else { return }
        self.draft = nil
        statements.append(
            SQLTemplate.Statement(
                sql: String(decoding: draft.sql[..<draft.end], as: UTF8.self), parameters: draft.parameters,
                byteOffset: draft.byteOffset, replacements: draft.replacements))
    }
}
