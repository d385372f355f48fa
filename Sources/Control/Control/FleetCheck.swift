import FleetCore
public import FleetFile
import SQLTemplate
import SagaModel
import Sagas
import Stores

/// Is a fleet file right? Its own rules first, and then, where it keeps them, the SQL of its views.
public enum FleetCheck {
    /// Reads and checks a file. Changes nothing.
    /// - Parameter isToRun: Whether the fleet is to be carried: then what only watches it is left out where it is wrong.
    public static func check(
        path: String, environment: [String: String], isToRun: Bool = false
    ) async -> FleetFileResult {
        var result = read(path: path, environment: environment, isToRun: isToRun)
        guard let draft = result.draft else { return result }
        let isComplete = result.definition != nil
        for service in draft.services {
            result.problems += await problems(of: service, in: draft, isComplete: isComplete)
        }
        result.problems.sort { $0.location < $1.location }
        if result.problems.contains(where: { $0.severity == .error }) { result.definition = nil }
        return result
    }

    static func read(path: String, environment: [String: String], isToRun: Bool = false) -> FleetFileResult {
        var result = FleetFileReader(
            environment: environment, storeSchemes: Connectors.storeSchemes, brokerEngines: Connectors.brokerEngines,
            isToRun: isToRun
        ).read(path: path)
        let problems = result.draft?.subjectProblems() ?? []
        if problems.isEmpty { return result }
        result.problems = (result.problems + problems).sorted { $0.location < $1.location }
        result.definition = nil
        return result
    }

    /// - Parameter isComplete: whether all of the file could be read; what could not may hold the tables that a statement
    ///   does not find.
    private static func problems(
        of service: ServiceDefinition, in fleet: FleetDefinition, isComplete: Bool
    ) async -> [Problem] {
        var problems: [Problem] = []
        var checked: [CheckedView] = []
        for view in service.views {
            var statements: [CheckedView.Statement] = []
            for reaction in view.reactions {
                do {
                    let template = try SQLTemplate(
                        reaction.statements.text, dialect: Connectors.dialect(of: service.store))
                    statements += template.statements.map { .init(text: reaction.statements, statement: $0) }
                } catch {
                    problems += error.problems.map { fault in
                        Problem(
                            at: reaction.statements.location(ofByte: fault.byteOffset), fault.message,
                            remedy: fault.remedy)
                    }
                }
            }
            checked.append(CheckedView(name: view.name.text, schema: view.schema, statements: statements))
        }
        for saga in fleet.sagas {
            let (statements, faults) = sagaStatements(of: saga, in: service)
            problems += faults
            if !statements.isEmpty {
                checked.append(CheckedView(name: "saga \(saga.definition.name)", schema: nil, statements: statements))
            }
        }
        if checked.isEmpty { return problems }
        do {
            let findings = try await Connectors.findings(in: checked.map(\.sql), of: service)
            problems += findings.filter { isComplete || !$0.isAbsence }
                .filter {
                    !$0.isAbsence || service.publishes.isEmpty || !$0.message.hasSuffix(": \(service.outbox.table)")
                }
                .compactMap { $0.problem(in: checked[$0.view]) }
        } catch {
            let error = FleetError.wrapping(error)
            problems.append(
                Problem(
                    .warning, at: service.location, "the SQL of \(service.name) was not checked: \(error.message)",
                    remedy: error.remedy ?? ""))
        }
        return problems
    }

    /// The statements of a saga's steps in one service's store, and what is wrong with them by themselves.
    private static func sagaStatements(
        of saga: SagaDeclaration, in service: ServiceDefinition
    ) -> ([CheckedView.Statement], [Problem]) {
        var statements: [CheckedView.Statement] = []
        var problems: [Problem] = []
        for own in saga.statements where own.service == service.name {
            do {
                let template = try SQLTemplate(
                    own.text.text, dialect: Connectors.dialect(of: service.store),
                    subject: .document(parts: SagaFleetParties.parts))
                statements += template.statements.map { .init(text: own.text, statement: $0) }
                for statement in template.statements {
                    problems += unknownReplies(in: statement, of: saga, own.text)
                }
            } catch {
                problems += error.problems.map { fault in
                    Problem(at: own.text.location(ofByte: fault.byteOffset), fault.message, remedy: fault.remedy)
                }
            }
        }
        return (statements, problems)
    }

    private static func unknownReplies(
        in statement: SQLTemplate.Statement, of saga: SagaDeclaration, _ text: SourceText
    ) -> [Problem] {
        let steps = saga.definition.allSteps.map(\.name)
        return statement.parameters.compactMap { parameter in
            guard let reference = SagaFleetParties.reference(parameter) else {
                return Problem(
                    at: text.location(ofByte: statement.byteOffset), "\(parameter) names no step's reply",
                    remedy: "write :replies.STEP.FIELD")
            }
            guard case .reply(let step) = reference.root, !steps.contains(step) else { return nil }
            let nearest = NearestName.of(step, in: steps).map { "did you mean :replies.\($0)?" }
            return Problem(
                at: text.location(ofByte: statement.byteOffset), "the saga \(saga.definition.name) has no step \(step)",
                remedy: nearest ?? "name one of its steps")
        }
    }

    /// A view with the places that its statements have in the file.
    fileprivate struct CheckedView {
        struct Statement {
            var text: SourceText
            var statement: SQLTemplate.Statement
        }

        var name: String
        /// `nil` for statements that make no tables of their own.
        var schema: SourceText?
        var statements: [Statement]

        var sql: ViewSQL {
            ViewSQL(name: name, schema: schema?.text ?? "", statements: statements.map(\.statement.sql))
        }
    }
}

extension SQLFinding {
    fileprivate func problem(in view: FleetCheck.CheckedView) -> Problem? {
        let location: SourceLocation
        switch place {
        case .schema:
            guard let schema = view.schema else { return nil }
            location = schema.location(ofByte: byteOffset)
        case .statement(let number):
            let found = view.statements[number]
            location = found.text.location(ofByte: found.statement.sourceOffset(of: byteOffset))
        }
        // The tables of a saga's steps are the service's own, which may make them later.
        let isLate = view.schema == nil && isAbsence
        return Problem(
            isUncertain || isLate ? .warning : .error, at: location, message,
            remedy: isLate ? "create it in the service's store before the first saga comes to it" : remedy)
    }
}
