namespace Lifeboat.Repository.Backups;

/// <summary>A backup has expired: it is listed no more, and what only it needs may be collected.</summary>
/// <param name="Reason">Why, in words.</param>
/// <param name="Plan">The id of the plan that it was part of; null for one that was expired by itself.</param>
public sealed record TombstoneRecord(string Backup, string Reason, DateTimeOffset ExpiredAt, string? Plan = null);
