/// Something that a drill found wrong.
public struct Finding: Sendable, Hashable, CustomStringConvertible {
    /// The promise that is broken. In the order in which one looks for causes.
    public enum Rule: String, Sendable, CaseIterable, Comparable {
        /// A store lost what it acknowledged, or kept what it rolled back: not Flotilla's doing.
        case store
        /// A process ended that nobody had ended, or did not end when it was told to.
        case process
        /// Something was left behind when nothing was pending any more.
        case undrained
        /// An event was committed, and left its outbox, and is not in the broker.
        case acknowledgedBeforeDurable = "acknowledged before durable"
        /// An event was committed and did not arrive.
        case lost
        /// Something was delivered that was never committed.
        case ghost
        /// Of a transaction, a part was delivered.
        case torn
        /// Events of a key came in another order than that of their commits.
        case order
        /// An event took effect more than once.
        case repeated = "repeated effect"
        /// A parked event is not where it must be, or one is parked without cause.
        case parked
        /// A view is not what a replay of the sources gives.
        case replay
        /// A transfer was asked for, and no saga has begun for it.
        case lostSaga = "lost saga"
        /// A saga has no end, and waits for nobody.
        case unendedSaga = "saga without an end"
        /// A step of a saga, or its undoing, was done more than once.
        case repeatedStep = "step done twice"
        /// A saga was undone in another order than the reverse, or what was undone was not done.
        case compensation
        /// What was done of a saga is not what its end says.
        case sagaEffect = "effect of a saga"
        /// The sum of all money is another than it was.
        case money
        /// A server keeps more of its log than it may.
        case retained = "retained log"
        /// The fleet was not carrying everything again in time.
        case recovery

        public static func < (left: Rule, right: Rule) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    public var rule: Rule
    /// One sentence, with where and how many.
    public var message: String
    /// Some of the events, transactions or keys that it is about.
    public var examples: [String]

    public init(_ rule: Rule, _ message: String, examples: [String] = []) {
        self.rule = rule
        self.message = message
        self.examples = examples
    }

    public var description: String {
        (["\(rule.rawValue): \(message)"] + examples.map { "    \($0)" }).joined(separator: "\n")
    }
}
