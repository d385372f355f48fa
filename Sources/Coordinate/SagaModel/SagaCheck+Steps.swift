import FleetCore

/// Which kinds of step came before: compensatable, then at most one pivot, then retriable.
struct SagaOrder {
    /// Since the nearest branch began.
    var hasCompensatable = false
    var hasPivot = false
    var hasRetriable = false
    /// Whether steps of other branches or items may be at work, so that a pivot could not be one.
    var isParallel = false

    /// Whether something that cannot be undone may be done.
    var isPastPoint: Bool { hasPivot || hasRetriable }

    mutating func merge(_ branch: SagaOrder) {
        hasCompensatable = hasCompensatable || branch.hasCompensatable
        hasPivot = hasPivot || branch.hasPivot
        hasRetriable = hasRetriable || branch.hasRetriable
    }
}

extension SagaCheck {
    /// A year: the longest time that may be given for anything.
    static let longestTime = Duration.seconds(365 * 86_400)

    mutating func step(_ step: SagaStep, at place: SagaPlace, _ context: inout Context) {
        if case .timer(let duration) = step.activity {
            check(duration, at: place, "the time of \(step.name)")
        } else {
            check(step.timeout, at: place.child("timeout"), "the time-out of \(step.name)")
        }
        retry(step.retry, at: place.child("retry"))
        activity(step.activity, of: step.name, at: place, context)
        role(step, at: place, &context)
        if let compensation = step.compensation {
            var inside = context
            inside.replies.insert(step.name)
            self.compensation(compensation, of: step, at: place.child("compensate"), inside)
        }
        context.replies.insert(step.name)
    }

    // MARK: Kinds

    private mutating func role(_ step: SagaStep, at place: SagaPlace, _ context: inout Context) {
        if !step.activity.hasEffect, step.role != .query {
            add(place, "\(step.name) only waits, and cannot be \(step.role)", remedy: "leave out its role")
        }
        switch step.role {
        case .query: break
        case .compensatable:
            if context.order.isPastPoint {
                add(
                    place, "\(step.name) is to be undone, and stands behind a step that cannot be",
                    remedy: "move it before the pivot and the retriable steps, or make it retriable")
            }
            if step.compensation == nil {
                add(
                    place, "\(step.name) has an effect and no compensation",
                    remedy: "add compensate:, or say by role: that it is a query, the pivot or retriable")
            }
            context.order.hasCompensatable = true
        case .pivot:
            if context.order.hasPivot {
                add(place, "\(step.name) is a second pivot", remedy: "make it retriable")
            } else if context.order.hasRetriable {
                add(place, "the pivot \(step.name) stands behind a retriable step", remedy: "move it up")
            } else if context.order.isParallel {
                add(
                    place, "the pivot \(step.name) stands in parallel or in a for each",
                    remedy: "move it behind, where it is done once and alone")
            }
            context.order.hasPivot = true
        case .retriable:
            context.order.hasRetriable = true
        }
        if step.role != .compensatable, step.compensation != nil {
            add(
                place.child("compensate"), "\(step.name) is \(step.role) and has a compensation",
                remedy: "remove the compensation, or the role")
        }
    }

    private mutating func compensation(
        _ compensation: SagaCompensation, of step: SagaStep, at place: SagaPlace, _ context: Context
    ) {
        check(compensation.timeout, at: place.child("timeout"), "the time-out of the compensation of \(step.name)")
        retry(compensation.retry, at: place.child("retry"))
        activity(compensation.activity, of: step.name, at: place, context)
        if !compensation.activity.hasEffect {
            add(place, "the compensation of \(step.name) only waits", remedy: "use command, http or sql")
        }
    }

    // MARK: What steps do

    private mutating func activity(
        _ activity: SagaActivity, of name: String, at place: SagaPlace, _ context: Context
    ) {
        references(activity.references, at: place, context)
        switch activity {
        case .command(let command):
            if command.failures.contains(command.reply) {
                add(place, "\(command.reply) answers that \(name) is done and that it is not", remedy: "keep one")
            }
            if command.reply == command.event || command.failures.contains(command.event) {
                add(place, "\(name) is answered by its own command", remedy: "name the event that answers it")
            }
            unique(command.payload, of: name, at: place)
            if command.key.references.isEmpty, SagaReference(command.key.source) != nil {
                add(
                    place, "the key of \(name) is the text \(command.key.source)",
                    remedy: "write {\(command.key.source)}")
            }
        case .http(let call): unique(call.body, of: name, at: place)
        case .sql(let sql):
            if !sql.statements.utf8.contains(where: { $0 > 0x20 }) {
                add(place, "\(name) has no SQL", remedy: "write the statements")
            }
        case .event(let event):
            if event.field.isEmpty {
                add(place, "\(name) does not say which event it waits for", remedy: "name a field of the payload")
            }
        case .timer, .local: break
        case .decision(let decision):
            if decision.options.isEmpty || Set(decision.options).count < decision.options.count {
                add(place, "\(name) needs options, each once", remedy: "name them: [approve, decline]")
            }
            if let otherwise = decision.otherwise, !decision.options.contains(otherwise) {
                add(place, "\(otherwise) is no option of \(name)", remedy: "name one of its options")
            }
        }
    }

    private mutating func unique(_ fields: [SagaField], of name: String, at place: SagaPlace) {
        if Set(fields.map(\.name)).count < fields.count {
            add(place, "\(name) sends a field twice", remedy: "keep one of the two")
        }
    }

    mutating func references(_ references: [SagaReference], at place: SagaPlace, _ context: Context) {
        for reference in references {
            switch reference.root {
            case .data: break
            case .item where !context.isInForEach:
                add(place, "\(reference) stands outside of a for each", remedy: "use data. or replies.")
            case .item: break
            case .reply(let step) where !context.replies.contains(step):
                add(
                    place, "\(reference) refers to \(step), which does not come before it",
                    remedy: "refer to an earlier step")
            case .reply: break
            }
        }
    }

    // MARK: Times

    private mutating func retry(_ retry: SagaRetry, at place: SagaPlace) {
        if !(1...SagaRetry.mostAttempts).contains(retry.attempts) {
            add(
                place, "\(retry.attempts) attempts are not possible",
                remedy: "give a number from 1 to \(SagaRetry.mostAttempts)")
        }
        if retry.initial <= .zero || retry.cap < retry.initial || retry.cap > SagaRetry.longestWait {
            add(
                place, "waits from \(retry.initial) to \(retry.cap) are not possible",
                remedy: "give a first wait above 0, and a longest one that is not shorter, and a day at most")
        }
        if let errors = retry.errors, errors.isEmpty {
            add(place, "no failure is retried", remedy: "name codes, or give attempts: 1")
        }
    }

    mutating func check(_ duration: Duration, at place: SagaPlace, _ subject: String) {
        if duration <= .zero || duration > Self.longestTime {
            add(place, "\(subject) is \(duration)", remedy: "give one above 0, and 365d at most")
        }
    }
}
