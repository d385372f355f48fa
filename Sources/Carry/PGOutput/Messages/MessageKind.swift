/// What kind of message some bytes are, by their first byte.
public enum MessageKind: UInt8, Hashable, Sendable, CaseIterable {
    case begin = 0x42  // B
    case logicalMessage = 0x4D  // M
    case commit = 0x43  // C
    case origin = 0x4F  // O
    case relation = 0x52  // R
    case type = 0x59  // Y
    case insert = 0x49  // I
    case update = 0x55  // U
    case delete = 0x44  // D
    case truncate = 0x54  // T
    case streamStart = 0x53  // S
    case streamStop = 0x45  // E
    case streamCommit = 0x63  // c
    case streamAbort = 0x41  // A
    case beginPrepare = 0x62  // b
    case prepare = 0x50  // P
    case commitPrepared = 0x4B  // K
    case rollbackPrepared = 0x72  // r
    case streamPrepare = 0x70  // p

    /// The version that brought it.
    public var firstVersion: ProtocolVersion {
        switch self {
        case .begin, .logicalMessage, .commit, .origin, .relation, .type, .insert, .update, .delete, .truncate: .one
        case .streamStart, .streamStop, .streamCommit, .streamAbort: .two
        case .beginPrepare, .prepare, .commitPrepared, .rollbackPrepared, .streamPrepare: .three
        }
    }

    /// Whether it stands between Stream Start and Stream Stop with the number of a transaction in front.
    var carriesTransactionInStream: Bool {
        switch self {
        case .logicalMessage, .relation, .type, .insert, .update, .delete, .truncate: true
        default: false
        }
    }
}

extension MessageKind: CustomStringConvertible {
    /// The name in the server's documentation.
    public var description: String {
        switch self {
        case .begin: "Begin"
        case .logicalMessage: "Message"
        case .commit: "Commit"
        case .origin: "Origin"
        case .relation: "Relation"
        case .type: "Type"
        case .insert: "Insert"
        case .update: "Update"
        case .delete: "Delete"
        case .truncate: "Truncate"
        case .streamStart: "Stream Start"
        case .streamStop: "Stream Stop"
        case .streamCommit: "Stream Commit"
        case .streamAbort: "Stream Abort"
        case .beginPrepare: "Begin Prepare"
        case .prepare: "Prepare"
        case .commitPrepared: "Commit Prepared"
        case .rollbackPrepared: "Rollback Prepared"
        case .streamPrepare: "Stream Prepare"
        }
    }
}
