import Endpoints
import FleetCore
import FleetFile
import Push

/// The endpoints that a service's events are pushed to, each once, and the plans that share them.
struct PushAssembly: Sendable {
    /// One for each stream that is pushed from.
    let plans: [PushPlan]
    private let endpoints: [any EventEndpoint]

    init(of service: ServiceDefinition, in fleet: FleetDefinition) {
        var endpoints: [PushEndpointDefinition: any EventEndpoint] = [:]
        for entry in service.push where endpoints[entry.endpoint] == nil {
            endpoints[entry.endpoint] = Connectors.endpoint(entry.endpoint)
        }
        plans = service.pushSources.map { source in
            var targets: [PushPlan.Target] = []
            var numbers: [PushEndpointDefinition: Int] = [:]
            var routes: [String: Int] = [:]
            for entry in service.push where entry.service == source {
                let definition = entry.endpoint
                if numbers[definition] == nil, let endpoint = endpoints[definition] {
                    numbers[definition] = targets.count
                    targets.append(
                        PushPlan.Target(
                            endpoint: endpoint, inFlightLimit: definition.inFlightLimit, attempts: definition.attempts,
                            rate: definition.rate))
                }
                routes[entry.type.text] = numbers[definition]
            }
            return PushPlan(
                subscription: SubscriptionName.push(to: service.name), stream: fleet.stream(of: source),
                targets: targets, routes: routes)
        }
        self.endpoints = Array(endpoints.values)
    }

    func close() async {
        for endpoint in endpoints { await endpoint.close() }
    }
}
