public import FleetCore
public import SagaModel

/// What a saga knows.
extension SagaMachine {
    /// The value that a reference of a step's run stands for; `nil` where there is none.
    public func value(of reference: SagaReference, for id: SagaStepID) -> JSONValue? {
        guard let place = place(of: reference, for: id) else { return nil }
        let values = try? JSONFields([JSONFieldPath(place.path)]).extract(from: Array(place.document.utf8))
        return values?.first.flatMap(\.self)
    }

    /// The text of a template for a step's run.
    /// - Throws: `invalidInput` where something that it refers to is not there, or is no text, number or truth value.
    public func text(of template: SagaTemplate, for id: SagaStepID) throws(FleetError) -> String {
        do {
            return try template.filled { reference in try text(of: reference, for: id) }
        } catch { throw FleetError.wrapping(error) }
    }

    /// The text of a value for a step's run.
    /// - Throws: `invalidInput` where it is not there, or is no text, number or truth value.
    func text(of reference: SagaReference, for id: SagaStepID) throws(FleetError) -> String {
        switch value(of: reference, for: id) {
        case .text(let text): return text
        case .integer(let value): return String(value)
        case .real(let value): return String(value)
        case .boolean(let value): return String(value)
        case .null, .json, nil:
            throw FleetError(
                .invalidInput, "\(reference) is no text or number in the saga \(state.id)",
                remedy: "start the saga with data that have it")
        }
    }

    /// - Throws: `invalidInput` where the items are no array, or too many.
    func itemCount(_ forEach: SagaForEach, for id: SagaStepID) throws(FleetError) -> Int {
        guard case .json(let text) = value(of: forEach.items, for: id), text.first == "[" else {
            throw FleetError(.invalidInput, "\(forEach.items) is no array", remedy: "start the saga with one")
        }
        let paths = (0...forEach.limit).map { JSONFieldPath([String($0)]) }
        let items = try? JSONFields(paths).extract(from: Array(text.utf8))
        let count = items?.firstIndex { $0 == nil }
        guard let count else {
            throw FleetError(
                .invalidInput, "\(forEach.items) has more than \(forEach.limit) items", remedy: "raise the limit")
        }
        return count
    }

    /// The document in which a reference is to be looked up, and the way there.
    private func place(of reference: SagaReference, for id: SagaStepID) -> (document: String, path: [String])? {
        switch reference.root {
        case .data: return (state.data, reference.fields)
        case .reply(let step):
            // The run that shares most items with this one.
            for depth in (0...id.items.count).reversed() {
                if let run = state.runs[SagaStepID(step, items: Array(id.items.prefix(depth)))] {
                    return run.forward.reply.map { ($0, reference.fields) }
                }
            }
            return nil
        case .item:
            let forEaches = map.forEaches(around: id.name)
            guard let forEach = forEaches.last, forEaches.count <= id.items.count else { return nil }
            let outer = Array(id.items.prefix(forEaches.count - 1))
            guard let place = place(of: forEach.items, for: SagaStepID(forEach.name, items: outer)) else { return nil }
            return (place.document, place.path + [String(id.items[forEaches.count - 1])] + reference.fields)
        }
    }
}
