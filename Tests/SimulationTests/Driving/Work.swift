/// An action of a machine that is under way.
struct Work<Action, Input> {
    let action: Action
    /// What came of it, once it was performed; the machine does not know yet.
    var answer: Input?
}

/// The machine of a driver, as the simulation sees it.
protocol Driver: AnyObject {
    /// How many actions are under way.
    var workCount: Int { get }
    /// Does the next thing to one of them: performs it, or hands its answer to the machine.
    func advance(_ index: Int, isHasty: Bool) throws
    /// The process dies: what was under way was done, or was not; nobody hears of it. Then it starts again.
    func crash() throws
    /// Whether the machine says that it has nothing to do, and no answer is on its way to it.
    var isIdle: Bool { get }
}
