internal import FleetCore

/// Replaces `${NAME}` and `${NAME:-default}` in a text; `$${` stands for `${` itself.
///
/// As in a shell, a default serves for a variable that is not set and for an empty one. What was put in is never
/// looked at again, and no message quotes it.
struct VariableExpansion {
    /// Something wrong with the `${` at a byte of the text.
    struct Failure: Equatable {
        var offset: Int
        var message: String
        var remedy: String
    }

    private(set) var text = ""
    private(set) var failures: [Failure] = []
    /// Whether anything was replaced.
    private(set) var hasVariables = false

    private let environment: [String: String]
    /// The longest text that variables may make.
    private static let limit = ByteCount.kibibytes(16)

    init(_ written: String, environment: [String: String]) {
        self.environment = environment
        var rest = written.utf8[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            text += String(decoding: rest[..<dollar], as: UTF8.self)
            rest = rest[dollar...]
            if rest.starts(with: "$${".utf8) {
                text += "${"
                rest = rest.dropFirst(3)
            } else if rest.starts(with: "${".utf8) {
                let offset = written.utf8.distance(from: written.startIndex, to: dollar)
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    let remedy = "write ${NAME}, or $${ for ${ itself"
                    fail(offset, "the variable that begins here has no closing }", remedy)
                    return
                }
                let body = String(decoding: rest.dropFirst(2).prefix(upTo: end), as: UTF8.self)
                replace(body, at: offset)
                if text.utf8.count > Self.limit.value {
                    fail(offset, "with its variables the value is longer than \(Self.limit)", "shorten it")
                    return
                }
                rest = rest[end...].dropFirst()
            } else {
                text += "$"
                rest = rest.dropFirst()
            }
        }
        text += String(decoding: rest, as: UTF8.self)
    }

    private mutating func replace(_ body: String, at offset: Int) {
        let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let after = body.dropFirst(name.count)
        guard let first = name.first, !first.isNumber, name.utf8.count <= 128, after.isEmpty || after.hasPrefix(":-")
        else {
            let remedy = "write ${NAME} or ${NAME:-default}, or $${ for ${ itself"
            return fail(offset, "${\(Shown.cut(body))} is not a variable", remedy)
        }
        guard !after.contains("${") else {
            return fail(offset, "the default of ${\(name)} contains another variable", "give a text as the default")
        }
        hasVariables = true
        if let value = environment[String(name)], !(value.isEmpty && !after.isEmpty) {
            text += value
        } else if after.isEmpty {
            let remedy = "set \(name) in the environment, or give a default: ${\(name):-…}"
            fail(offset, "the variable \(name) is not set", remedy)
        } else {
            text += after.dropFirst(2)
        }
    }

    private mutating func fail(_ offset: Int, _ message: String, _ remedy: String) {
        failures.append(Failure(offset: offset, message: message, remedy: remedy))
    }
}
