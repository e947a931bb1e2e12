using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Restore.Delta;

/// <summary>A restore in place in words: what it will do to what is there.</summary>
public static class DeltaWords
{
    private const int MostNamed = 5;

    public static IEnumerable<string> Of(DeltaPlan plan)
    {
        yield return $"{plan.Compared.Count:N0} files are compared, and only pages that differ are written";
        if (plan.Lost.Count > 0)
        {
            yield return $"{plan.Lost.Count:N0} files and directories that are not in the backup are removed: "
                + string.Join(", ", plan.Lost.Take(MostNamed).Select(removal => PosixPath.Display(removal.Path)))
                + (plan.Lost.Count > MostNamed ? ", ..." : "");
        }

        if (plan.WalFolder is { } folder)
        {
            yield return $"the WAL that is there ({plan.Wal.Count:N0} files) is kept in {folder}: what of it is not archived "
                + "exists nowhere else";
        }
    }
}
