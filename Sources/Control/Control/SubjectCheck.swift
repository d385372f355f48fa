import FleetCore
import FleetFile
import Wire

extension FleetDefinition {
    /// Whether streams are on a broker that finds its messages by subjects.
    var hasSubjects: Bool { broker.nats != nil }

    /// How the messages of each stream are made. A fleet whose topics cannot be subjects is refused when it is read.
    var natsMappings: [StreamName: NATSMapping] {
        var mappings: [StreamName: NATSMapping] = [:]
        for (service, stream) in publishers {
            guard let subjects = try? SubjectMapping(stream: stream, topic: service.topic) else { continue }
            mappings[stream] = NATSMapping(stream: stream, subjects: subjects, format: service.format)
        }
        return mappings
    }

    /// What is wrong with the subjects that services' topics become.
    func subjectProblems() -> [Problem] {
        guard hasSubjects else { return [] }
        var problems: [Problem] = []
        var known: [(service: ServiceDefinition, subjects: SubjectMapping)] = []
        for (service, stream) in publishers {
            do {
                let subjects = try SubjectMapping(stream: stream, topic: service.topic)
                if let other = known.first(where: { $0.subjects.overlaps(subjects) }) {
                    problems.append(
                        Problem(
                            at: service.location,
                            "services \(other.service.name) and \(service.name) would have their events on the same subjects:"
                                + " \(other.subjects.filter) and \(subjects.filter)",
                            remedy: "put {service} into the topic of one of them: each service has a stream of its own")
                    )
                }
                known.append((service, subjects))
            } catch {
                let message = "the topic of service \(service.name) is none on NATS: \(error.message)"
                problems.append(Problem(at: service.location, message, remedy: error.remedy ?? ""))
            }
        }
        return problems
    }
}
