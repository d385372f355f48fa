/// A table as the server described it last: the shape of the rows that follow.
public struct Relation: Hashable, Sendable {
    public struct Column: Hashable, Sendable {
        public let name: String
        public let type: DataTypeID
        /// The type's modifier (`atttypmod`); -1 where it has none.
        public let typeModifier: Int32
        /// Whether the column belongs to the replica identity, and so to old keys.
        public let isKey: Bool
    }

    /// Which columns of a row that is changed or removed the server can name.
    public enum ReplicaIdentity: UInt8, Sendable {
        case primaryKey = 0x64  // d
        case nothing = 0x6E  // n
        case allColumns = 0x66  // f
        case index = 0x69  // i
    }

    public let id: RelationID
    /// Different for every description that the decoder has read, so that what a caller derived from one can be kept
    /// until there is another.
    public let version: UInt64
    public let schema: String
    public let name: String
    public let replicaIdentity: ReplicaIdentity
    public let columns: [Column]
}
