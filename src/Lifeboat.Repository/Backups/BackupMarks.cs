using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Backups;

/// <summary>The marks of backups in the store: <c>…/backups/ID/marks/SERIAL-RANDOM</c>.</summary>
public static class BackupMarks
{
    private const int SerialDigits = 8;

    /// <summary>
    /// Adds a mark behind all that are there. When the call returns it is durable, and the backup had not expired: who
    /// expires looks for pins behind that, so that of a pin and a tombstone put at once one always sees the other.
    /// </summary>
    /// <exception cref="LifeboatException">NotFound: the backup expired meanwhile.</exception>
    public static async ValueTask AddAsync(
        Cluster cluster, Id128 lineage, BackupMark mark, CancellationToken cancellationToken)
    {
        await PutAsync(cluster, lineage, mark, cancellationToken);
        if (await cluster.Store.StatAsync(
            ObjectNames.Tombstone(cluster.Name, lineage, mark.Backup), cancellationToken) is not null)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                $"mark the backup ({mark.Kind})",
                mark.Backup,
                "it expired in the same moment",
                Hint: "It is not kept. 'lifeboat list' shows the backups that are there."));
        }
    }

    /// <summary>Adds a mark to a backup that may not exist yet: a writer puts what it says of it before the
    /// manifest.</summary>
    public static async ValueTask PutAsync(
        Cluster cluster, Id128 lineage, BackupMark mark, CancellationToken cancellationToken)
    {
        if (mark.Fault is { } fault)
        {
            throw new ArgumentException(fault, nameof(mark));
        }

        uint newest = 0;
        foreach (var (serial, _) in await ListAsync(cluster, lineage, mark.Backup, cancellationToken))
        {
            newest = Math.Max(newest, serial);
        }

        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{ObjectNames.Marks(cluster.Name, lineage, mark.Backup)}{newest + 1:x8}-{Id128.NewRandom()}");
        await Documents.PutAsync(
            cluster.Store,
            new ObjectName(name),
            ContainerKind.Mark,
            cluster.DataKey,
            RepositoryJson.Default.BackupMark,
            mark,
            cluster.Time.GetUtcNow(),
            cancellationToken);
    }

    /// <summary>What counts of one backup's marks.</summary>
    /// <exception cref="DamagedObjectException">One of them cannot be read.</exception>
    public static async ValueTask<BackupNotes> ReadAsync(
        Cluster cluster, Id128 lineage, string backup, CancellationToken cancellationToken)
    {
        var marks = new List<(uint Serial, BackupMark Mark)>();
        foreach (var (serial, name) in await ListAsync(cluster, lineage, backup, cancellationToken))
        {
            marks.Add((serial, await ReadAsync(cluster, name, cancellationToken)));
        }

        return BackupNotes.Of(marks);
    }

    internal static async ValueTask<BackupMark> ReadAsync(
        Cluster cluster, ObjectName name, CancellationToken cancellationToken)
    {
        var mark = await Documents.ReadAsync(
            cluster.Store,
            name,
            ContainerKind.Mark,
            cluster.DataKey,
            RepositoryJson.Default.BackupMark,
            cancellationToken);
        var fault = name.Value.Split('/')[^3] == mark.Backup ? mark.Fault : $"it is a mark of {mark.Backup}";
        return fault is null ? mark : throw new DamagedObjectException(name, DamageKind.Inconsistent, fault);
    }

    /// <summary>The serial of a mark's name: eight hexadecimal digits, a hyphen and a random id.</summary>
    internal static bool TryParse(string part, out uint serial)
    {
        serial = 0;
        return part.Length > SerialDigits && part[SerialDigits] == '-'
            && Claims.TryParseSerial(part.AsSpan(0, SerialDigits), out serial)
            && Id128.TryParse(part.AsSpan(SerialDigits + 1), out _);
    }

    private static async ValueTask<List<(uint Serial, ObjectName Name)>> ListAsync(
        Cluster cluster, Id128 lineage, string backup, CancellationToken cancellationToken)
    {
        var marks = new List<(uint Serial, ObjectName Name)>();
        await foreach (var facts in cluster.Store.ListAsync(
            ObjectNames.Marks(cluster.Name, lineage, backup), cancellationToken))
        {
            if (TryParse(facts.Name.LastPart, out var serial))
            {
                marks.Add((serial, facts.Name));
            }
        }

        return marks;
    }
}
