/// A saga in Amazon States Language (https://states-language.net/spec.html), with paths as JSONPath.
///
/// The input of the state machine is `{"data": …}`. A compensation becomes a task `undo STEP` that goes on to the one before
/// it, so that one chain serves every point of failure: a `Catch` enters it where the failure was. It ends in `Fail`. Steps of
/// branches that failed are undone whether they were done or not, which a compensation must bear.
public struct SagaExport: Sendable {
    /// The state machine: a JSON text.
    public let text: String
    /// What the language cannot say, or says otherwise.
    public let remarks: [String]

    /// - Parameter definition: one without problems.
    public init(asl definition: SagaDefinition) {
        var writer = ASLWriter()
        let machine = writer.machine(definition)
        text = machine.written() + "\n"
        remarks = writer.remarks
    }
}

/// A scope of states: of the machine itself, of a branch, or of a for each.
struct ASLScope {
    /// In the order in which they are written.
    var states: [ASLMember] = []
    /// Whether failures are caught here; those of branches are caught where the branches are.
    var catches: Bool
    /// The state that the chain of compensations continues with.
    var undo: String?
    /// Whether only the compensations are wanted: which case a choice took is not known then.
    var undoesAll = false

    mutating func add(_ name: String, _ members: [ASLMember]) { states.append(ASLMember(name, .object(members))) }

    /// The states that can be reached from one of them.
    func reachable(from start: String) -> [ASLMember] {
        var byName: [String: ASLValue] = [:]
        for state in states { byName[state.name] = state.value }
        var seen: Set<String> = []
        var open = [start]
        while let name = open.popLast() {
            guard seen.insert(name).inserted, let state = byName[name] else { continue }
            open += state.nexts
        }
        return states.filter { seen.contains($0.name) }
    }
}

extension ASLValue {
    /// The states that this one may go on to; what is within branches stays there.
    fileprivate var nexts: [String] {
        switch self {
        case .object(let members):
            members.flatMap { member -> [String] in
                switch (member.name, member.value) {
                case ("Next", .text(let name)), ("Default", .text(let name)): [name]
                case ("Choices", .array(let items)), ("Catch", .array(let items)): items.flatMap(\.nexts)
                default: []
                }
            }
        default: []
        }
    }
}
