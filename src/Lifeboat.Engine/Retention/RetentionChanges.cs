using Lifeboat.Repository.Retention;

namespace Lifeboat.Engine.Retention;

/// <summary>What of the facts of a decision is different when they are read again. WAL that came since is none of
/// it.</summary>
internal static class RetentionChanges
{
    /// <summary>The first difference, in words; null when there is none.</summary>
    internal static string? Find(RetentionFacts before, RetentionFacts after)
    {
        var known = before.Backups.ToDictionary(backup => backup.Id, StringComparer.Ordinal);
        foreach (var backup in after.Backups)
        {
            if (!known.Remove(backup.Id, out var was))
            {
                return $"the backup {backup.Id} appeared";
            }

            if (was.Pin != backup.Pin)
            {
                return backup.Pin is null ? $"{backup.Id} is not pinned any more" : $"{backup.Id} was pinned ({backup.Pin.Reason})";
            }

            if (!was.Tags.SequenceEqual(backup.Tags, StringComparer.Ordinal))
            {
                return $"the tags of {backup.Id} changed";
            }

            if (was.IsComplete != backup.IsComplete)
            {
                return backup.IsComplete ? $"{backup.Id} is complete now" : $"{backup.Id}: {backup.Incomplete}";
            }
        }

        return known.Count > 0 ? $"the backup {known.Keys.Min()} is gone"
            : after.Doubts.Except(before.Doubts, StringComparer.Ordinal).FirstOrDefault() is { } doubt ? doubt
            : null;
    }
}
