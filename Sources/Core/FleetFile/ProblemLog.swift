internal import FleetCore

/// Collects what is wrong with a file while it is read; the reading goes on.
final class ProblemLog {
    /// More than these say nothing new.
    static let limit = 200
    /// Where a fleet file comes from.
    static let starter = "`flotilla init` writes one to start from"

    private let source: SourceLines
    private var problems: [Problem] = []
    private var seen: Set<Problem> = []
    private var dropped = 0

    init(source: SourceLines) {
        self.source = source
    }

    private(set) var hasErrors = false

    func add(_ problem: Problem) {
        hasErrors = hasErrors || problem.severity == .error
        if problems.count == Self.limit {
            dropped += 1
        } else if seen.insert(problem).inserted {
            problems.append(problem)
        }
    }

    /// Message and remedy are not made once the log is full, so that a file of slips stays cheap.
    func error(at mark: TextMark, _ message: @autoclosure () -> String, remedy: @autoclosure () -> String = "") {
        if problems.count == Self.limit {
            hasErrors = hasErrors || consequence == nil
            dropped += 1
        } else if let consequence {
            var problem = Problem(.warning, at: source.location(mark), "\(message()): \(consequence)", remedy: remedy())
            problem.leavesOut = true
            add(problem)
        } else {
            add(Problem(at: source.location(mark), message(), remedy: remedy()))
        }
    }

    /// What comes of an error that is none now; `nil` where errors are errors.
    private var consequence: String?

    /// Takes what would be errors for warnings, which say what comes of them.
    func forgiving<Result>(_ consequence: String, _ body: () -> Result) -> Result {
        self.consequence = consequence
        defer { self.consequence = nil }
        return body()
    }

    func warning(at mark: TextMark, _ message: String, remedy: String = "") {
        add(Problem(.warning, at: source.location(mark), message, remedy: remedy))
    }

    /// The known name that was probably meant. Not sought among very many, nor once the log is full.
    func nearest(to name: String, in candidates: some Collection<String>) -> String? {
        guard problems.count < Self.limit, candidates.count <= 1_000 else { return nil }
        return NearestName.of(name, in: candidates)
    }

    /// All problems by place; the last one counts those that were left out.
    func sorted() -> [Problem] {
        var sorted = problems.sorted { ($0.location, $0.message) < ($1.location, $1.message) }
        if dropped > 0, let last = sorted.last {
            sorted.append(Problem(at: last.location, "\(dropped) more problems are not shown"))
        }
        return sorted
    }
}
