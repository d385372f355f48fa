// A misspelled upcoming feature is silently ignored by the compiler. Each name that the manifest enables is
// asserted here, so that a slip there stops the build.
#if !hasFeature(ExistentialAny)
    #error("the manifest must enable ExistentialAny")
#endif
#if !hasFeature(MemberImportVisibility)
    #error("the manifest must enable MemberImportVisibility")
#endif
#if !hasFeature(InternalImportsByDefault)
    #error("the manifest must enable InternalImportsByDefault")
#endif
#if !hasFeature(NonisolatedNonsendingByDefault)
    #error("the manifest must enable NonisolatedNonsendingByDefault")
#endif
