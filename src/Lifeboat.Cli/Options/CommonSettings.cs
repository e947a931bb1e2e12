namespace Lifeboat.Cli.Options;

/// <summary>Settings that several commands have, so that they mean the same everywhere.</summary>
internal static class CommonSettings
{
    public static readonly Setting ClusterDirectory = new(
        "cluster-dir", "DIR", "The server's data directory on this host");

    public static readonly Setting Connection = new(
        "connection", "CONNINFO", "How to reach the server, as psql takes it; without it, PG* or DATABASE_URL");

    public static readonly Setting Jobs = new(
        "jobs", "N", "Workers; without it, as many as there are processors");

    private const int MostJobs = 256;

    public static int ReadJobs(Settings settings) =>
        settings.Integer(Jobs, 1, MostJobs) ?? Math.Min(Environment.ProcessorCount, MostJobs);
}
