// What a service that imports Flotilla needs to name.
@_exported public import enum FleetCore.CaptureMode
@_exported public import struct FleetCore.EventID
@_exported public import struct FleetCore.FleetError
@_exported public import struct SagaModel.SagaRetry
@_exported public import struct Sagas.SagaFailure
@_exported public import enum Sagas.SagaOutcome
@_exported public import struct Sagas.SagaRefusal
@_exported public import struct Sagas.SagaState
@_exported public import enum Sagas.SagaStatus
@_exported public import enum Sagas.SagaStop
@_exported public import struct Stores.SQLRow
@_exported public import enum Stores.SQLValue
