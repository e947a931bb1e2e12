using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Backups;

/// <summary>
/// A backup that was written under a lease is whole: after its manifest was put, the lease still held and nothing that it
/// needs had been condemned.
/// </summary>
public sealed record CompletionRecord(string Backup, Id128 Lease, DateTimeOffset At);
