/// Tasks: what a step or its compensation does.
extension ASLWriter {
    /// The members of a task but for where it goes.
    mutating func task(
        _ activity: SagaActivity, name: String, retry: SagaRetry, timeout: Duration, result: String
    ) -> [ASLMember] {
        [
            ASLMember("Type", .text("Task")), ASLMember("Resource", .text(resource(activity))),
            ASLMember("Parameters", .object(parameters(activity, name: name))),
            ASLMember("ResultPath", .text(result)), ASLMember("TimeoutSeconds", .number(Self.seconds(timeout))),
        ] + (activity.hasEffect ? [ASLMember("Retry", .array(retries(retry)))] : [])
    }

    private mutating func resource(_ activity: SagaActivity) -> String {
        switch activity {
        case .command:
            remark("A command goes to an event bus with a task token: whoever answers it sends the token back.")
            return "arn:aws:states:::events:putEvents.waitForTaskToken"
        case .http:
            remark(
                "HTTP: name the connection (ConnectionArn) of your account, and map refusals to the error `rejected`.")
            return "arn:aws:states:::http:invoke"
        case .sql:
            remark("SQL: a function flotilla-sql must run the statements in one transaction of the service's store.")
            return "arn:aws:states:::lambda:invoke"
        case .local:
            remark("A step in code: a function flotilla-step must run it.")
            return "arn:aws:states:::lambda:invoke"
        case .event:
            remark(
                "An awaited event: a function flotilla-wait must keep the task token until the event is there; one that came before is lost."
            )
            return "arn:aws:states:::lambda:invoke.waitForTaskToken"
        case .decision(let decision):
            remark("A decision: a function flotilla-decision must ask a person, and send the task token back.")
            if decision.otherwise != nil {
                remark("What holds when nobody decides in time: the function must send it.")
            }
            return "arn:aws:states:::lambda:invoke.waitForTaskToken"
        case .timer: return ""
        }
    }

    private func parameters(_ activity: SagaActivity, name: String) -> [ASLMember] {
        let key = ASLMember("idempotencyKey.$", .text("States.Format('{}/\(name)', $$.Execution.Id)"))
        switch activity {
        case .command(let command):
            return [
                ASLMember(
                    "Entries",
                    .array([
                        .object([
                            ASLMember("DetailType", .text(command.event.type)),
                            ASLMember("Source", .text(command.event.service)),
                            ASLMember(
                                "Detail",
                                .object(
                                    [
                                        key, ASLMember("taskToken.$", .text("$$.Task.Token")),
                                        filled("key", command.key), ASLMember("payload", .object([])),
                                    ].map { $0.name == "payload" ? payload("payload", command.payload) : $0 })),
                        ])
                    ]))
            ]
        case .http(let call):
            return [
                ASLMember("Method", .text(call.method.rawValue.uppercased())), filled("ApiEndpoint", call.url),
                ASLMember("Headers", .object([ASLMember("Idempotency-Key.$", key.value)])),
                payload("RequestBody", call.body),
            ]
        case .local: return [key]
        case .sql(let sql):
            return [
                ASLMember("FunctionName", .text("flotilla-sql")),
                ASLMember(
                    "Payload",
                    .object([
                        key, ASLMember("service", .text(sql.service)), ASLMember("statements", .text(sql.statements)),
                        ASLMember("input.$", .text("$")),
                    ])),
            ]
        case .event(let event):
            return [
                ASLMember("FunctionName", .text("flotilla-wait")),
                ASLMember(
                    "Payload",
                    .object([
                        ASLMember("taskToken.$", .text("$$.Task.Token")), ASLMember("event", .text("\(event.event)")),
                        ASLMember("field", .text(event.field)), ASLMember("equals.$", .text(path(event.equals))),
                    ])),
            ]
        case .decision(let decision):
            return [
                ASLMember("FunctionName", .text("flotilla-decision")),
                ASLMember(
                    "Payload",
                    .object([
                        ASLMember("taskToken.$", .text("$$.Task.Token")), ASLMember("name", .text(name)),
                        ASLMember("options", .array(decision.options.map { .text($0) })),
                    ])),
            ]
        case .timer: return []
        }
    }

    private func payload(_ name: String, _ fields: [SagaField]) -> ASLMember {
        if fields.isEmpty { return ASLMember("\(name).$", .text("$.data")) }
        return ASLMember(name, .object(fields.map { member($0) }))
    }

    private func member(_ field: SagaField) -> ASLMember {
        switch field.value {
        case .reference(let reference): ASLMember("\(field.name).$", .text(path(reference)))
        case .text(let template): filled(field.name, template)
        case .number(let text): ASLMember(field.name, .literal(text))
        case .boolean(let value): ASLMember(field.name, .boolean(value))
        case .null: ASLMember(field.name, .literal("null"))
        }
    }

    private func filled(_ name: String, _ template: SagaTemplate) -> ASLMember {
        if template.references.isEmpty { return ASLMember(name, .text(template.filled { _ in "" })) }
        let format = template.parts.map { part in
            switch part {
            case .text(let text):
                text.map { ["'", "{", "}", "\\"].contains($0) ? "\\\($0)" : String($0) }.joined()
            case .reference: "{}"
            }
        }.joined()
        let paths = template.references.map { path($0) }.joined(separator: ", ")
        return ASLMember("\(name).$", .text("States.Format('\(format)', \(paths))"))
    }

    private func retries(_ retry: SagaRetry) -> [ASLValue] {
        func rule(_ errors: [String]) -> ASLValue {
            .members(
                ("ErrorEquals", .array(errors.map { .text($0) })),
                ("IntervalSeconds", .number(Self.seconds(retry.initial))),
                ("MaxAttempts", .number(Double(retry.attempts - 1))), ("BackoffRate", .number(2)),
                ("MaxDelaySeconds", .number(max(Self.seconds(retry.cap), Self.seconds(retry.initial) + 1))),
                ("JitterStrategy", .text("FULL")))
        }
        if let errors = retry.errors {
            return [rule(errors.map { $0 == SagaFailureCode.timeout ? "States.Timeout" : $0 })]
        }
        let never = ASLValue.members(
            ("ErrorEquals", .array([.text(SagaFailureCode.rejected)])), ("MaxAttempts", .number(0)))
        return [never, rule(["States.ALL"])]
    }

    // MARK: Paths

    func path(_ reference: SagaReference) -> String {
        let root =
            switch reference.root {
            case .data: "$.data"
            case .item: "$.item"
            case .reply(let step): replies[step] ?? "$.replies.\(step)"
            }
        return reference.fields.reduce(root) { path, field in
            if field.allSatisfy(\.isNumber) { return "\(path)[\(field)]" }
            return field.contains("-") ? "\(path)['\(field)']" : "\(path).\(field)"
        }
    }
}
