import Crypto
public import FleetCore
public import FlowModel
import Foundation

/// The event that is written when a flow has not ended in time. The same flow gives the same event, with the same id, however
/// often it is asked for.
public struct FlowTimeoutEvent: Sendable, Hashable {
    public var id: EventID
    public var name: FlowEventName
    /// The flow's key.
    public var key: String
    /// A JSON object.
    public var payload: String

    /// - Returns: `nil` for a flow that has not begun, and for one that writes nothing.
    init?(of state: FlowState, _ definition: FlowDefinition, in fleet: FleetName) {
        guard let timeout = definition.onTimeout, let start = state.sightings[definition.start.name.description] else {
            return nil
        }
        name = timeout.event
        key = state.key
        id = Self.id(["flow timeout", fleet.text, definition.name.text, state.key, start.id])
        let members = timeout.payload.map { field in
            FlowText.quoted(field.name) + ": " + Self.json(field.value, state, definition)
        }
        payload = "{" + members.joined(separator: ", ") + "}"
    }

    private static func json(_ value: FlowValue, _ state: FlowState, _ definition: FlowDefinition) -> String {
        switch value {
        case .key: state.startKey ?? FlowText.quoted(state.key)
        case .flow: FlowText.quoted(definition.name.text)
        case .start(let path): state.startFields[path.joined(separator: ".")] ?? "null"
        case .text(let text): FlowText.quoted(text)
        }
    }

    /// A name-based identifier, version 5 (https://www.rfc-editor.org/rfc/rfc9562#section-5.5).
    private static func id(_ parts: [String]) -> EventID {
        // Of our own making, and never to change.
        let space: [UInt8] = [
            0x7B, 0x0E, 0x3C, 0x52, 0x9A, 0x41, 0x4D, 0x0C, 0x8F, 0x6B, 0x21, 0xD4, 0x58, 0xE7, 0x93, 0x16,
        ]
        var hash = Insecure.SHA1()
        hash.update(data: Data(space))
        for part in parts {
            // With its length, so that no two lists of parts read alike.
            hash.update(data: Data("\(part.utf8.count):\(part)".utf8))
        }
        var bytes = Array(hash.finalize().prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x50
        bytes[8] = bytes[8] & 0x3F | 0x80
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        return EventID(high: word(0..<8), low: word(8..<16))
    }
}
