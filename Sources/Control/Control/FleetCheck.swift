import FleetCore
public import FleetFile
import SQLTemplate
import Stores

/// Is a fleet file right? Its own rules first, and then, where it keeps them, the SQL of its views.
public enum FleetCheck {
    /// Reads and checks a file. Changes nothing.
    public static func check(path: String, environment: [String: String]) async -> FleetFileResult {
        var result = read(path: path, environment: environment)
        guard let draft = result.draft else { return result }
        let isComplete = result.definition != nil
        for service in draft.services {
            result.problems += await problems(of: service, isComplete: isComplete)
        }
        result.problems.sort { $0.location < $1.location }
        if result.problems.contains(where: { $0.severity == .error }) { result.definition = nil }
        return result
    }

    static func read(path: String, environment: [String: String]) -> FleetFileResult {
        var result = FleetFileReader(
            environment: environment, storeSchemes: Connectors.storeSchemes, brokerEngines: Connectors.brokerEngines
        ).read(path: path)
        let problems = result.draft?.subjectProblems() ?? []
        if problems.isEmpty { return result }
        result.problems = (result.problems + problems).sorted { $0.location < $1.location }
        result.definition = nil
        return result
    }

    /// - Parameter isComplete: whether all of the file could be read; what could not may hold the tables that a statement
    ///   does not find.
    private static func problems(of service: ServiceDefinition, isComplete: Bool) async -> [Problem] {
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
            checked.append(CheckedView(view: view, statements: statements))
        }
        do {
            let findings = try await Connectors.findings(in: checked.map(\.sql), of: service)
            problems += findings.filter { isComplete || !$0.isAbsence }.map { $0.problem(in: checked[$0.view]) }
        } catch {
            let error = FleetError.wrapping(error)
            problems.append(
                Problem(
                    .warning, at: service.location, "the SQL of \(service.name) was not checked: \(error.message)",
                    remedy: error.remedy ?? ""))
        }
        return problems
    }

    /// A view with the places that its statements have in the file.
    fileprivate struct CheckedView {
        struct Statement {
            var text: SourceText
            var statement: SQLTemplate.Statement
        }

        var view: ViewDefinition
        var statements: [Statement]

        var sql: ViewSQL {
            ViewSQL(name: view.name.text, schema: view.schema.text, statements: statements.map(\.statement.sql))
        }
    }
}

extension SQLFinding {
    fileprivate func problem(in view: FleetCheck.CheckedView) -> Problem {
        let location: SourceLocation
        switch place {
        case .schema:
            location = view.view.schema.location(ofByte: byteOffset)
        case .statement(let number):
            let found = view.statements[number]
            location = found.text.location(ofByte: found.statement.sourceOffset(of: byteOffset))
        }
        return Problem(isUncertain ? .warning : .error, at: location, message, remedy: remedy)
    }
}
