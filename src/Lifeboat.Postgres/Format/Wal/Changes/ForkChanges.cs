namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>A fork of a relation, as WAL names it.</summary>
public readonly record struct RelationForkName(RelFileLocator Relation, RelationFork Fork)
    : IComparable<RelationForkName>
{
    /// <inheritdoc cref="RelFileLocator.Equals(RelFileLocator)"/>
    public bool Equals(RelationForkName other) => Relation.Equals(other.Relation) && Fork == other.Fork;

    public override int GetHashCode() => HashCode.Combine(Relation.GetHashCode(), (int)Fork);

    /// <summary>By tablespace, database, relfilenode, fork.</summary>
    public int CompareTo(RelationForkName other)
    {
        var (own, their) = (Relation, other.Relation);
        var order = own.Tablespace.CompareTo(their.Tablespace);
        order = order != 0 ? order : own.Database.CompareTo(their.Database);
        order = order != 0 ? order : own.RelNumber.CompareTo(their.RelNumber);
        return order != 0 ? order : Fork.CompareTo(other.Fork);
    }

    public override string ToString() => $"{Relation} {Fork}";

    /// <summary>For dictionaries: made without a look at what the type can do, which costs a short program milliseconds.</summary>
    internal sealed class Comparer : IEqualityComparer<RelationForkName>
    {
        internal static readonly Comparer Instance = new();

        public bool Equals(RelationForkName x, RelationForkName y) => x.Equals(y);

        public int GetHashCode(RelationForkName obj) => obj.GetHashCode();
    }
}

/// <summary>
/// What happened to one fork over a stretch of WAL. The order of events counts: a limit takes back the marks before it
/// at or above it, and marks behind it stand again.
/// </summary>
public sealed class ForkChanges
{
    /// <summary>
    /// The least length, in blocks, that the fork was cut to, or made with: 0 when it was created or dropped. What an
    /// earlier copy has from here on says nothing any more. Null when it was never cut.
    /// </summary>
    public uint? Limit { get; private set; }

    /// <summary>Blocks that records refer to, after the last limit at or below them.</summary>
    public BlockSet Blocks { get; } = new();

    /// <summary>Whether a block of an earlier copy may differ: listed, or at or above the limit.</summary>
    public bool Covers(uint block) => Limit <= block || Blocks.Contains(block);

    public void SetLimit(uint limit)
    {
        Limit = Limit is { } least && least <= limit ? least : limit;
        Blocks.RemoveFrom(limit);
    }

    /// <summary>Adds what happened next.</summary>
    public void Append(ForkChanges later)
    {
        if (later.Limit is { } limit)
        {
            SetLimit(limit);
        }

        Blocks.UnionWith(later.Blocks);
    }
}
