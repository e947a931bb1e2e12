using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Cli.Targets;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Server;

namespace Lifeboat.Cli.Commands;

internal static class ServeCommand
{
    private const int MostWorkers = 64;
    private const int MostSpoolMegabytes = 1 << 20;

    private static readonly Setting Http = new(
        "http", "ADDRESS", "Serve GET /health here too: 127.0.0.1:PORT or [::1]:PORT");

    private static readonly Setting Spool = new(
        "spool-size", "MB", "Most that segments brought ahead of a recovery may take in pg_wal",
        Default: $"{ServeOptions.DefaultSpoolMegabytes}");

    private static readonly Setting Receive = Setting.Flag(
        "receive", "Stream the server's WAL too, as 'lifeboat wal receive' does");

    private static readonly Setting PrintSettings = Setting.Flag(
        "print-settings", "Print the archive_command and restore_command that use the service, and end");

    private static readonly Lock s_logging = new();

    public static readonly CommandSpec Spec = new(
        "serve",
        "Push WAL ahead of the archiver and fetch it ahead of a recovery, beside the server",
        [],
        [CommonSettings.ClusterDirectory, CommonSettings.Jobs, Http, Spool, PrintSettings, Receive, .. ReceiveSettings.All],
        [
            new(
                "lifeboat serve --cluster-dir /var/lib/postgresql/17/main --repository /backup/lifeboat "
                + "--http 127.0.0.1:9187",
                "Until it is told to stop"),
            new(
                "lifeboat serve --cluster-dir /var/lib/postgresql/17/main --repository /backup/lifeboat --receive "
                + "--create-slot --connection 'host=/run/postgresql user=replicator'",
                "With less than a second at risk, and not a segment"),
            new(
                "lifeboat serve --print-settings --repository /backup/lifeboat",
                "What to write into postgresql.conf"),
        ],
        RunAsync)
    {
        Details = "The server's archiver stays the authority: without the service, or when it is killed, the same "
            + "archive_command and restore_command do everything by themselves.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        if (settings.Flag(PrintSettings))
        {
            Print(context);
            return ExitCodes.Done;
        }

        var workers = settings.Integer(CommonSettings.Jobs, 1, MostWorkers)
            ?? Math.Min(Environment.ProcessorCount + 1, ServeOptions.DefaultMostWorkers);
        var directory = settings.RequiredPath(CommonSettings.ClusterDirectory);
        List<Func<ServiceSession, IServiceDuty>> duties = [session => new CatalogDuty(session, context.Time)];
        if (settings.Flag(Receive))
        {
            duties.Add(ReceiveDutyOf(context));
        }

        await ServeHost.RunAsync(
            new ServeOptions
            {
                Places = new ServicePlaces(directory, context.ClusterName()),
                Files = context.Files,
                OpenAsync = context.OpenOrCreateClusterAsync,
                LocalRepository = RepositoryPlace.Of(settings).Directory,
                Workers = workers,
                SpoolBytes = (long)settings.Integer(Spool, 0, MostSpoolMegabytes)!.Value << 20,
                Http = ReadHttp(settings),
                Duties = duties,
                Time = context.Time,
                Log = line => Log(context, line),
            },
            cancellationToken);
        return ExitCodes.Done;
    }

    private static Func<ServiceSession, IServiceDuty> ReceiveDutyOf(CommandContext context)
    {
        var wanted = ReceiveSettings.Read(context.Settings, context.Files);
        return session => new ReceiveDuty(wanted(session.Cluster) with
        {
            Lineage = session.Server.Lineage,
            Time = context.Time,
            Report = happened => Log(context, WalReceiveDocument.Of(happened, context.Time.GetUtcNow()).Text),
        });
    }

    private static LoopbackAddress? ReadHttp(Settings settings) => settings.Find(Http) is not { } value
        ? null
        : LoopbackAddress.Parse(value.Text) ?? throw SettingReading.Wrong(
            value,
            "it is no address of this machine alone with a port",
            "Give 127.0.0.1:PORT or [::1]:PORT; to reach it from elsewhere, put a web server with access rules before it.");

    private static void Print(CommandContext context)
    {
        var commands = ServeSettings.Of(context.Settings, RestoreCommandLine.ThisProgram());
        if (context.Json)
        {
            Documents.Print(context.Terminal, commands, CliJson.Default.ServeSettingsDocument);
            return;
        }

        context.Terminal.Out.WriteLine($"archive_command = '{Escaped(commands.ArchiveCommand)}'");
        context.Terminal.Out.WriteLine($"restore_command = '{Escaped(commands.RestoreCommand)}'");
    }

    /// <summary>As a value in postgresql.conf and after ALTER SYSTEM SET, within quotes.</summary>
    private static string Escaped(string text) => text.Replace("'", "''", StringComparison.Ordinal);

    private static void Log(CommandContext context, string line)
    {
        if (!context.Quiet)
        {
            lock (s_logging)
            {
                context.Terminal.Error.WriteLine($"lifeboat: {PosixPath.Display(line)}");
            }
        }
    }
}
