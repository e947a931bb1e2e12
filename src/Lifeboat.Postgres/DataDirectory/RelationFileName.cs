using System.Globalization;

namespace Lifeboat.Postgres.DataDirectory;

/// <summary>
/// The name of one segment file of a relation's fork, without its directory: <c>16384</c>, <c>16384_vm.3</c>, or
/// <c>t3_16384_fsm</c> for a temporary relation (parse_filename_for_nontemp_relation, reinit.c;
/// looks_like_temp_rel_name, fd.c).
/// </summary>
/// <param name="RelFileNumber">The relfilenode; not the relation's oid, though often equal to it.</param>
/// <param name="Segment">0 for a name without a number; each segment has RelSegSize pages.</param>
/// <param name="TemporaryBackend">The backend that owns a temporary relation; null for a lasting one.</param>
public readonly record struct RelationFileName(
    uint RelFileNumber,
    ForkNumber Fork,
    uint Segment,
    uint? TemporaryBackend = null)
{
    public bool IsTemporary => TemporaryBackend is not null;

    /// <summary>False for any name that PostgreSQL would not make, such as one with leading zeros.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out RelationFileName file)
    {
        file = default;
        if (!TryTakeBackend(ref name, out var backend) || !TryTakeSegment(ref name, out var segment))
        {
            return false;
        }

        var fork = TakeFork(ref name);
        if (!OidText.TryParse(name, out var number))
        {
            return false;
        }

        file = new RelationFileName(number, fork, segment, backend);
        return true;
    }

    public override string ToString()
    {
        var backend = TemporaryBackend is { } owner ? $"t{owner}_" : "";
        var segment = Segment == 0 ? "" : $".{Segment}";
        return string.Create(CultureInfo.InvariantCulture, $"{backend}{RelFileNumber}{SuffixOf(Fork)}{segment}");
    }

    private static string SuffixOf(ForkNumber fork) => fork switch
    {
        ForkNumber.Fsm => "_fsm",
        ForkNumber.VisibilityMap => "_vm",
        ForkNumber.Init => "_init",
        _ => "",
    };

    private static bool TryTakeBackend(ref ReadOnlySpan<char> name, out uint? backend)
    {
        backend = null;
        if (name.IsEmpty || name[0] != 't')
        {
            return true;
        }

        var underscore = name.IndexOf('_');
        if (underscore < 2)
        {
            return false;
        }

        // Backend 0 exists from 17 on, when backends came to be numbered from zero.
        var digits = name[1..underscore];
        var number = 0u;
        if (digits is not "0" && !OidText.TryParse(digits, out number))
        {
            return false;
        }

        backend = number;
        name = name[(underscore + 1)..];
        return true;
    }

    private static bool TryTakeSegment(ref ReadOnlySpan<char> name, out uint segment)
    {
        segment = 0;
        var dot = name.IndexOf('.');
        if (dot < 0)
        {
            return true;
        }

        var digits = name[(dot + 1)..];
        name = name[..dot];
        return OidText.TryParse(digits, out segment);
    }

    private static ForkNumber TakeFork(ref ReadOnlySpan<char> name)
    {
        for (var fork = ForkNumber.Fsm; fork <= ForkNumber.Init; fork++)
        {
            var suffix = SuffixOf(fork);
            if (name.EndsWith(suffix, StringComparison.Ordinal))
            {
                name = name[..^suffix.Length];
                return fork;
            }
        }

        return ForkNumber.Main;
    }
}
