/// The statements that a view runs for an event, with parameters that name parts of the event:
///
///     UPDATE order_lines SET customer_name = :data.name WHERE customer_id = :data.customer_id;
///
/// Parameters are bound, never pasted into the text. `:data` is the whole payload and `:data.a.b` a field of it; a
/// field whose name is not plain letters, digits and underscores is quoted: `:data."unit price"`. The others are
/// `:key`, `:id`, `:type`, `:source` and `:time`.
///
/// Strings, quoted names and comments are left alone, as the dialect has them, and so are `::` casts, `:=`, and in
/// PostgreSQL the colon of an array slice before a digit or a blank. Before a name that colon reads as a parameter:
/// write `[low : high]`.
public struct SQLTemplate: Sendable {
    /// The statements, in order. Empty ones are left out, and so are comments around a statement.
    public let statements: [Statement]

    /// What the parameters name parts of.
    public enum Subject: Sendable, Hashable {
        case event
        /// A document of several parts: `:data.total`, `:replies.charge.id`. Each parameter is an ``EventParameter/data(_:)``
        /// whose path begins with the name of the part.
        case document(parts: [String])
    }

    /// Reads a template, or throws all that is wrong with it.
    public init(_ text: String, dialect: SQLDialect, subject: Subject = .event) throws(SQLTemplateError) {
        var reader = SQLTemplateReader(text, dialect, subject)
        reader.read()
        if !reader.problems.isEmpty {
            throw SQLTemplateError(problems: reader.problems.sorted { $0.byteOffset < $1.byteOffset })
        }
        statements = reader.statements
    }

    public struct Statement: Sendable {
        /// What to prepare: the parameters are written `$1`, `$2`, … in the order of their first appearance.
        public let sql: String
        /// What to bind: `$1` first. A parameter that is used several times stands here once.
        public let parameters: [EventParameter]
        /// Where the statement begins in the template's text, in bytes of UTF-8.
        public let byteOffset: Int
        let replacements: [Replacement]

        /// Where the byte at `offset` of ``sql`` comes from: a byte of the template's text.
        ///
        /// A database that reports an error at a place of ``sql`` can thus be quoted at a place of the file. All of
        /// a parameter comes from its colon. An offset outside the statement is taken for its nearest end.
        public func sourceOffset(of offset: Int) -> Int {
            let offset = min(max(offset, 0), sql.utf8.count)
            guard let last = replacements.last(where: { $0.offset <= offset }) else { return byteOffset + offset }
            if offset < last.end { return last.sourceOffset }
            return last.sourceEnd + offset - last.end
        }
    }

    /// A parameter's place in a statement and in the template.
    struct Replacement: Sendable {
        let offset: Int
        let end: Int
        let sourceOffset: Int
        let sourceEnd: Int
    }
}
