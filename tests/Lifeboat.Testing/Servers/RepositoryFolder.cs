namespace Lifeboat.Testing.Servers;

/// <summary>The folder of the sources that these tests were built from, found upward from the test assembly.</summary>
public static class RepositoryFolder
{
    private static readonly Lazy<string> s_root = new(Find);

    public static string Root => s_root.Value;

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Lifeboat.slnx")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"no Lifeboat.slnx is above {AppContext.BaseDirectory}");
    }
}
