using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Retention;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Engine.Backup.Physical.Streamed;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Commands;

internal static class BackupCommand
{
    private const int MostCompression = 19;
    private const int MostSeconds = 7 * 24 * 3600;

    private static readonly Setting Kind = new(
        "kind",
        "KIND",
        "full reads everything; incremental reads what changed since the last backup; auto is incremental where the WAL tells "
        + "what changed, and full elsewhere",
        Default: "full") { Choices = ["full", "incremental", "auto"] };

    private static readonly Setting Method = new(
        "method",
        "METHOD",
        "files reads the server's files on this host; stream lets the server send them over a replication connection, from "
        + "any host",
        Default: "files") { Choices = ["files", "stream"] };

    private static readonly Setting Reason = new("reason", "TEXT", "Why, kept with the backup");

    private static readonly Setting Tag = new(
        "tag", "TAG", "By which retention rules choose it; can be repeated", SettingKind.Many);

    private static readonly Setting CompressionLevel = new(
        "compression-level", "N", "Of zstd, 1 to 19", Default: "3");

    private static readonly Setting ArchiveTimeout = new(
        "archive-timeout", "SECONDS", "How long to wait for the backup's WAL to arrive in the archive", Default: "60");

    private static readonly Setting SpreadCheckpoint = Setting.Flag(
        "spread-checkpoint", "Let the server spread its checkpoint out, instead of doing it at once");

    private static readonly Setting StoreAnew = Setting.Flag(
        "store-anew", "Store also what the repository holds already: for when 'check' found that damaged");

    public static readonly CommandSpec Spec = new(
        "backup",
        "Back up a running server, from the files of its data directory or over the network",
        [],
        [
            CommonSettings.ClusterDirectory, CommonSettings.Connection, Method, Kind, Reason, Tag, CommonSettings.Jobs,
            CompressionLevel, ArchiveTimeout, SpreadCheckpoint, StoreAnew,
        ],
        [
            new(
                "lifeboat backup --repository /backup/lifeboat --cluster-dir /var/lib/postgresql/17/main",
                "Back up the server that is reached by the usual socket"),
            new(
                "lifeboat backup --repository /backup/lifeboat --connection 'host=/run/postgresql user=postgres' "
                + "--reason 'before the migration'",
                "The data directory is where the server says that it is"),
            new(
                "lifeboat backup --repository /backup/lifeboat --cluster-dir /var/lib/postgresql/17/main --kind incremental",
                "Read only what changed since the last backup"),
            new(
                "lifeboat backup --method stream --repository /backup/lifeboat --connection 'host=db1 user=backup "
                + "sslmode=verify-full'",
                "From another host: the role needs LOGIN and REPLICATION"),
        ],
        RunAsync);

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var settings = context.Settings;
        var isStreamed = settings.Choice(Method) == "stream";
        var kind = ReadKind(settings);
        var connection = ServerConnection.Read(settings, CommonSettings.Connection);
        var jobs = CommonSettings.ReadJobs(settings);
        var level = settings.Integer(CompressionLevel, 1, MostCompression)!.Value;
        var timeout = TimeSpan.FromSeconds(settings.Integer(ArchiveTimeout, 0, MostSeconds)!.Value);
        IReadOnlyList<string> tags = settings.Find(Tag) is { } tag
            ? [.. tag.Texts.Select(text => PolicySettings.CheckTag(tag, text)).Distinct(StringComparer.Ordinal)]
            : [];
        var cluster = await context.OpenOrCreateClusterAsync(cancellationToken);
        using var display = new ActivityDisplay(context.Terminal, context.Time, context.Quiet, context.Json);
        foreach (var warning in connection.Warnings)
        {
            display.Warn(warning);
        }

        var request = new PhysicalBackupRequest
        {
            Cluster = cluster,
            ClusterDirectory = isStreamed ? null : settings.Path(CommonSettings.ClusterDirectory),
            Connection = connection,
            Kind = kind,
            Reason = settings.Text(Reason),
            Tags = tags,
            Jobs = jobs,
            CompressionLevel = level,
            ArchiveTimeout = timeout,
            SpreadCheckpoint = settings.Flag(SpreadCheckpoint),
            StoreAnew = settings.Flag(StoreAnew),
            Program = ProgramVersion.Text,
            Files = context.Files,
            Time = context.Time,
        };
        var report = isStreamed
            ? await StreamedBackup.RunAsync(request, display, cancellationToken)
            : await PhysicalBackup.RunAsync(request, display, cancellationToken);
        display.Dispose();
        var backup = BackupDocument.Of(
            report.Manifest, new BackupNotes(tags, Pin: null, Annotation: null), report.Duration);
        if (context.Json)
        {
            Documents.Print(context.Terminal, backup, CliJson.Default.BackupDocument);
        }
        else
        {
            BackupText.Print(context.Terminal.Out, backup);
        }

        return ExitCodes.Done;
    }

    private static BackupKind ReadKind(Settings settings)
    {
        var kind = settings.Choice(Kind) switch
        {
            "incremental" => BackupKind.Incremental,
            "auto" => BackupKind.Auto,
            _ => BackupKind.Full,
        };
        return kind == BackupKind.Full || !settings.Flag(StoreAnew)
            ? kind
            : throw SettingReading.Wrong(
                settings.Find(Kind)!,
                "an incremental backup is laid over what is stored, and --store-anew is for when that is damaged",
                "Use --kind full with --store-anew.");
    }
}
