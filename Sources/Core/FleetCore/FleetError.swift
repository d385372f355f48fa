/// The one error type that crosses Flotilla's rooms.
///
/// It carries what a person needs to act: what happened, to what, and how to mend it; and what a program needs:
/// an open ``Code`` and whether trying again can help. It never carries a secret: whoever makes one passes names
/// that were redacted already.
public struct FleetError: Error, Sendable {
    /// What kind of failure this is. Open: new codes do not break callers.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }

        /// Something given by a person (file, argument, setting) is wrong.
        public static let invalidInput = Code("invalid-input")
        /// The fleet is not in the state that its file declares; `flotilla apply` mends it.
        public static let notApplied = Code("not-applied")
        /// A file, server or table that should be there is not.
        public static let missing = Code("missing")
        /// A store or broker cannot be reached at the moment.
        public static let unavailable = Code("unavailable")
        /// Another writer or process holds what is needed.
        public static let busy = Code("busy")
        /// The disk, or a declared bound, is full.
        public static let full = Code("full")
        /// A store refuses writes: permissions or a read-only medium.
        public static let readOnly = Code("read-only")
        /// A server refuses who asks, or what is asked for: a password, a certificate, a missing privilege.
        public static let denied = Code("denied")
        /// A store's file is damaged, or is no such store at all.
        public static let corrupt = Code("corrupt")
        /// A statement is wrong, or a constraint refuses what it would do.
        public static let statement = Code("statement")
        /// An event's content is not what its reader needs.
        public static let badEvent = Code("bad-event")
        /// What was asked for is no longer there: retention dropped it, or positions went backwards.
        public static let gap = Code("gap")
        /// Somebody else moved the state that this work stood on; read it again.
        public static let conflict = Code("conflict")
        /// Another process has taken over this work: whoever is told so must leave it alone.
        public static let fenced = Code("fenced")
        /// Two transactions could not have the effect of running one after the other: one of them was undone, and may be
        /// done again.
        public static let conflictingTransactions = Code("conflicting-transactions")
        /// The work was told to stop.
        public static let cancelled = Code("cancelled")
        /// A broken invariant of Flotilla's own.
        public static let bug = Code("bug")
    }

    public let code: Code
    /// One sentence: what happened, and to what.
    public let message: String
    /// How to mend it, as an instruction; `nil` where there is nothing to do but wait.
    public let remedy: String?
    /// Whether the same call may succeed later without anybody changing anything.
    public let isRetriable: Bool
    /// What the system below said, in its own words.
    public let underlying: String?
    /// Where in Flotilla's source the error was made.
    public let file: String
    public let line: Int
    /// Which place of a trace it is about, where it is one event's.
    public private(set) var trace: TraceContext?
    /// By what code the store below knows it: a SQLSTATE of PostgreSQL's, or the name of one of SQLite's result codes. `nil`
    /// where no store told one.
    public private(set) var storeCode: String?

    public init(
        _ code: Code, _ message: String, remedy: String? = nil, isRetriable: Bool = false,
        underlying: String? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.isRetriable = isRetriable
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// The same error, about a place of a trace.
    public func about(_ trace: TraceContext?) -> FleetError {
        var error = self
        error.trace = trace
        return error
    }

    /// The same error, of which the store told this code.
    public func told(as storeCode: String?) -> FleetError {
        var error = self
        error.storeCode = storeCode
        return error
    }

    /// The given error if it is one of ours, else a ``Code/bug`` that quotes it.
    public static func wrapping(_ error: any Error, file: String = #fileID, line: Int = #line) -> FleetError {
        if let known = error as? FleetError { return known }
        if error is CancellationError {
            return FleetError(.cancelled, "the work was cancelled", file: file, line: line)
        }
        return FleetError(.bug, "unexpected: \(error)", file: file, line: line)
    }
}

extension FleetError {
    /// What may be told where nobody's data belong, as in logs and traces: a store's own words may quote some.
    public var withoutData: String { code == .statement ? "its store refuses the effect" : message }

    /// Whether nothing that is known of the store is void: the same call may be made again after a while.
    public var waitingHelps: Bool { [.busy, .full, .conflictingTransactions].contains(code) }
}

extension FleetError: CustomStringConvertible {
    /// The message, what the system below said, and the remedy, on one line.
    public var description: String {
        var text = message
        if let underlying { text += " (\(underlying))" }
        if let remedy { text += "; \(remedy)" }
        return text
    }
}
