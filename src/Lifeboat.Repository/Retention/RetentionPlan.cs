using System.Security.Cryptography;
using System.Text;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Retention;

/// <summary>What stays and what goes, with all reasons.</summary>
/// <param name="Now">The time that it was decided for.</param>
/// <param name="Keep">Oldest first.</param>
/// <param name="Remove">Oldest first.</param>
/// <param name="WalKept">
/// By lineage, timeline and position. What is needed is said for the lineage that stores it, and by several reasons
/// where
/// several need it.
/// </param>
/// <param name="WalGoing">Only what was archived when it was decided; what is in none of these stays.</param>
/// <param name="Warnings">What a person should know, in words.</param>
public sealed record RetentionPlan(
    DateTimeOffset Now,
    IReadOnlyList<BackupDecision> Keep,
    IReadOnlyList<BackupDecision> Remove,
    IReadOnlyList<WalKept> WalKept,
    IReadOnlyList<WalGoing> WalGoing,
    IReadOnlyList<string> Warnings)
{
    public bool IsEmpty => Remove.Count == 0 && WalGoing.Count == 0;

    /// <summary>The same for every plan that removes the same.</summary>
    public string Id
    {
        get
        {
            var text = new StringBuilder();
            foreach (var decision in Remove)
            {
                text.Append("backup ").AppendLine(decision.Backup.Id);
            }

            foreach (var range in WalGoing)
            {
                text.Append("wal ").Append(range.Lineage).Append(' ').Append(range.First).Append(' ')
                    .AppendLine(range.Last.ToString());
            }

            return Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
        }
    }
}

/// <summary>A backup, and why it stays or goes.</summary>
/// <param name="Reasons">In words; at least one.</param>
public sealed record BackupDecision(RetentionBackup Backup, IReadOnlyList<string> Reasons);

/// <summary>Segments that stay, both ends included.</summary>
/// <param name="Lineage">That stores them.</param>
/// <param name="First">A segment number.</param>
/// <param name="Last">Null: all that come behind, too.</param>
public sealed record WalKept(Id128 Lineage, Timeline Timeline, WalSegmentSize Size, ulong First, ulong? Last, string Why)
{
    public bool Contains(ulong number) => number >= First && (Last is not { } last || number <= last);
}

/// <summary>Segments that nothing kept needs: all of them archived, both ends included.</summary>
/// <param name="Bytes">That are stored for them.</param>
public sealed record WalGoing(Id128 Lineage, WalSegmentName First, WalSegmentName Last, long Bytes)
{
    public ulong Count => Last.Number - First.Number + 1;
}
