/// Which statements have no place in a reaction to an event, by their first word.
enum SQLStatementRule {
    static func refusal(ofFirstWord word: String, _ dialect: SQLDialect) -> (message: String, remedy: String)? {
        let word = word.uppercased()
        switch word {
        case "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE":
            return transaction(word)
        case "START", "ABORT", "PREPARE":
            return dialect == .postgresql ? transaction(word) : nil
        case "ATTACH", "DETACH":
            return ("\(word) changes which databases are open.", "Leave it out: a view lives in its service's store.")
        case "PRAGMA":
            return ("PRAGMA changes the connection, which is not the view's own.", "Leave it out.")
        case "VACUUM":
            return ("VACUUM cannot run inside a transaction.", "Leave it out, and run it by hand when it is needed.")
        default:
            return nil
        }
    }

    private static func transaction(_ word: String) -> (message: String, remedy: String) {
        (
            "\(word) would break up the transaction in which all statements of an event commit.",
            "Leave it out: they commit together, with the note that the event was seen."
        )
    }
}
