namespace Lifeboat.Storage;

/// <summary>One version of an object, as a listing of versions named it.</summary>
/// <param name="Version">The store's id: <see cref="ObjectFacts.Version"/>.</param>
public readonly record struct ObjectVersion(ObjectName Name, string Version);
