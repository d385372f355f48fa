/// The value of one field of a JSON document, in the kinds that a database can be given.
public enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// A number written without fraction and exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number.
    case real(Double)
    /// A string, its escapes decoded.
    case text(String)
    /// An object or an array: its own text, as it stands in the document.
    case json(String)
}
