/// A field of a message of OTLP: its number in the protobuf definition, its name in JSON, and its value. Both forms are written
/// from this one description.
///
/// https://github.com/open-telemetry/opentelemetry-proto
struct OTLPField: Sendable {
    let number: Int
    let name: String
    let value: OTLPValue

    init(_ number: Int, _ name: String, _ value: OTLPValue) {
        self.number = number
        self.name = name
        self.value = value
    }
}

/// A message: its fields.
typealias OTLPMessage = [OTLPField]

/// A value, by how it is written: the comments say what each is in JSON.
enum OTLPValue: Sendable {
    /// A string.
    case text(String)
    /// `bytes` of an id: hexadecimal digits.
    case identifier([UInt8])
    /// `int64`: a string of digits.
    case integer(Int64)
    /// `uint32`, and every enum: a number.
    case small(UInt32)
    /// `fixed32`: a number.
    case fixed32(UInt32)
    /// `fixed64`: a string of digits.
    case fixed64(UInt64)
    /// `sfixed64`: a string of digits.
    case signedFixed64(Int64)
    /// `double`: a number, or the name of what is none.
    case real(Double)
    case flag(Bool)
    case message(OTLPMessage)
    /// A repeated field.
    case messages([OTLPMessage])
    /// Packed.
    case fixed64s([UInt64])
    /// Packed.
    case reals([Double])
}
