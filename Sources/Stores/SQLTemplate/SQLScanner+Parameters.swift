import FleetCore

/// Colons, and the signs that other programs write placeholders with.
extension SQLScanner {
    mutating func colon() -> SQLToken {
        let start = position
        let next = byte(at: start + 1)
        switch next {
        case UInt8(ascii: ":"):
            position += 2
            if dialect == .sqlite { report(start, "SQLite has no :: casts.", "Write CAST(… AS …).") }
            return .other
        case UInt8(ascii: "="):
            position += 2
            return .other
        case _ where SQLScanner.isNameStart(next):
            return parameter()
        case _ where SQLScanner.isNamePart(next) && dialect == .sqlite:
            return foreign(start)
        default:
            position += 1
            return .other
        }
    }

    private mutating func parameter() -> SQLToken {
        let start = position
        position += 1
        passName()
        let name = text(from: start + 1, to: position)
        if case .document(let parts) = subject {
            guard parts.contains(name) else {
                unknown(name, at: start, known: parts)
                return .other
            }
            guard let components = components() else { return .other }
            return .parameter(.data(JSONFieldPath([name] + components)))
        }
        guard var parameter = EventParameter(name: name) else {
            unknown(name, at: start)
            return .other
        }
        if case .data = parameter {
            guard let components = components() else { return .other }
            parameter = .data(JSONFieldPath(components))
        }
        switch byte(at: position) {
        case UInt8(ascii: "."):
            report(position, ":\(name) has no fields.", "A field of the payload is written :data.FIELD.")
        case UInt8(ascii: "("):
            report(start, "\(parameter) is no function.", "Put a blank or an operator before the parenthesis.")
        default:
            break
        }
        return .parameter(parameter)
    }

    /// `.a."b c".0` after `:data`; `nil` after a problem.
    private mutating func components() -> [String]? {
        var components: [String] = []
        while byte(at: position) == UInt8(ascii: ".") {
            let start = position + 1
            position = start
            if byte(at: start) == UInt8(ascii: "\"") {
                guard passQuoted(by: UInt8(ascii: "\"")) else {
                    report(start, "The field's name that begins here does not end.", "Close it with \".")
                    return nil
                }
                components.append(undoubled(start + 1, position - 1))
            } else {
                passName()
                components.append(text(from: start, to: position))
            }
            guard isWellPut(from: start) else { return nil }
        }
        return components
    }

    /// Whether the component from `start` to here is a name that may stand so; reports why not.
    private mutating func isWellPut(from start: Int) -> Bool {
        if byte(at: start) == UInt8(ascii: "\"") {
            if !SQLScanner.isNamePart(byte(at: position)) { return true }
            report(position, "A name follows the parameter without a blank.", "Put a blank between the two.")
        } else if start == position {
            report(start - 1, "A field's name is missing after the dot.", "Write :data.FIELD, or :data.\"FIELD\".")
        } else if bytes[start..<position].contains(where: { $0 >= 0x80 || $0 == UInt8(ascii: "$") }) {
            let name = text(from: start, to: position)
            report(start, "The field's name \(name) needs quotes.", "Write .\"\(name)\".")
        } else {
            return true
        }
        return false
    }

    private func undoubled(_ start: Int, _ end: Int) -> String {
        var name: [UInt8] = []
        var index = start
        while index < end {
            name.append(bytes[index])
            index += bytes[index] == UInt8(ascii: "\"") ? 2 : 1
        }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func unknown(_ name: String, at start: Int, known parts: [String]) {
        let nearest = NearestName.of(name, in: parts).map { "Did you mean :\($0)? " } ?? ""
        let all = parts.map { ":\($0).FIELD" }.joined(separator: ", ")
        report(start, "There is no parameter :\(name) here.", "\(nearest)Write one of \(all).")
    }

    private mutating func unknown(_ name: String, at start: Int) {
        var remedy = "Write :data.\(name) for that field of the payload, or one of "
        if let nearest = NearestName.of(name, in: EventParameter.names) {
            remedy = "Did you mean :\(nearest)? " + remedy
        }
        remedy += EventParameter.names.map { ":\($0)" }.joined(separator: ", ") + "."
        if openBrackets > 0 { remedy += " For a slice of an array, put a blank after the colon." }
        report(start, "An event has no parameter :\(name).", remedy)
    }

    /// `$1` and `$name`, `?` and `?1`, `@name`, where the dialect reads them as placeholders.
    mutating func placeholder(_ sign: UInt8) -> SQLToken {
        let start = position
        switch (sign, dialect) {
        case (UInt8(ascii: "$"), .postgresql):
            return dollarQuoted() ?? foreign(start)
        case (UInt8(ascii: "$"), .sqlite), (UInt8(ascii: "?"), .sqlite):
            return foreign(start)
        case (UInt8(ascii: "@"), .sqlite) where SQLScanner.isNamePart(byte(at: start + 1)):
            return foreign(start)
        default:
            position += 1
            return .other
        }
    }

    private mutating func foreign(_ start: Int) -> SQLToken {
        position += 1
        passName()
        let remedy =
            switch subject {
            case .event:
                "Write :data.FIELD for a field of the payload, or one of :key, :id, :type, :source, :time,"
                    + " :traceparent."
            case .document(let parts): "Write one of \(parts.map { ":\($0).FIELD" }.joined(separator: ", "))."
            }
        report(start, "The placeholder \(text(from: start, to: position)) has no value here.", remedy)
        return .other
    }
}
