// What a service that imports Flotilla needs to name.
@_exported public import enum FleetCore.CaptureMode
@_exported public import struct FleetCore.EventID
@_exported public import struct FleetCore.FleetError
@_exported public import struct Stores.SQLRow
@_exported public import enum Stores.SQLValue
