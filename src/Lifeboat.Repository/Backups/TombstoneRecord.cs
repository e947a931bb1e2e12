namespace Lifeboat.Repository.Backups;

/// <summary>A backup has expired: it is listed no more, and what only it needs may be collected.</summary>
public sealed record TombstoneRecord(string Backup, string Reason, DateTimeOffset ExpiredAt);
